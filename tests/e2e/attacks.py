"""The attacks on signed tokens: what is sent where, and the reason for which
it is refused. Each differs from a good token in one thing; tests/README.md says
where they come from."""
import json
import time

from forge import P256_ORDER, Forger, hs, nothing, token

ME, OTHER = Forger(), Forger()
HEAD = {'alg': 'ES256', 'kid': 'ec'}
NOW = int(time.time())
MALFORMED, ALGORITHM = 'token_malformed', 'token_algorithm'
KEY, SIGNATURE, CLAIM = 'token_key_unknown', 'token_signature', 'token_claims'
EXPIRED, EARLY = 'token_expired', 'token_early'
ISSUER, AUDIENCE = 'token_issuer', 'token_audience'

GOOD = {
    'ec': ('/', ME.good()),
    'rsa': ('/rsa', token(ME.rs256, {'alg': 'RS256', 'kid': 'rsa'},
                          ME.claims())),
    'all ec': ('/all', ME.good()),
    'all rsa': ('/all', token(ME.rs256, {'alg': 'RS256', 'kid': 'rsa'},
                              ME.claims())),
    'all pss': ('/all', token(ME.ps256, {'alg': 'PS256', 'kid': 'rsa'},
                              ME.claims())),
    'all hs': ('/all', token(ME.hs256, {'alg': 'HS256', 'kid': 'hs'},
                             ME.claims())),
    'all ed': ('/all', token(ME.eddsa, {'alg': 'EdDSA', 'kid': 'ed'},
                             ME.claims())),
    'any hs': ('/any', token(ME.hs256, {'alg': 'HS256'}, ME.claims())),
    'any ec': ('/any', token(ME.es256, {'alg': 'ES256'}, ME.claims())),
    'forever': ('/forever', token(ME.es256, HEAD, {'sub': 'alice'})),
}


def ec(head=None, claims=None, sign=ME.es256, why=MALFORMED, path='/'):
    """A token of the EC key that differs in what is given."""
    return path, token(sign, {**HEAD, **head} if isinstance(head, dict)
                       else head or HEAD, claims or ME.claims()), why


def text(change, why=MALFORMED):
    """The good token, as text."""
    return '/', change(ME.good()), why


def part(n, change, why=MALFORMED):
    """One part of the good token, as text."""
    parts = ME.good().split('.')
    parts[n] = change(parts[n])
    return '/', '.'.join(parts), why


def says(why=CLAIM, path='/', **claims):
    return path, token(ME.es256, HEAD, ME.claims(**claims)), why


def writes(more, why=CLAIM):
    return '/', token(ME.es256, HEAD, ME.claims_text(more)), why


def bits(t):
    """The same bytes: of the last digit some bits mean nothing."""
    digits = ('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
              '0123456789-_')
    return t[:-1] + digits[digits.index(t[-1]) ^ 1]


def numbers(r, s):
    return lambda _: r.to_bytes(32, 'big') + s.to_bytes(32, 'big')


def confusion(key, alg='HS256', kid='rsa', path='/all', why=ALGORITHM):
    return path, token(hs(key), {'alg': alg, 'kid': kid}, ME.claims()), why


def json_form():
    head, payload, signature = ME.good().split('.')
    return json.dumps({'protected': head, 'payload': payload,
                       'signature': signature}, separators=(',', ':'))


def nested():
    return token(ME.es256, {**HEAD, 'cty': 'JWT'}, ME.good())


ALGORITHMS = {
    # CVE-2015-9235, CVE-2018-1000531, CVE-2020-28042, RFC 8725 2.1, 3.1
    **{f'alg {a!r}{" signed" if s is ME.es256 else ""}':
       ec({'alg': a}, sign=s, why=MALFORMED if s is nothing else ALGORITHM)
       for a in ('none', 'None', 'NONE', 'nOnE', 'none ', '', 'null')
       for s in (nothing, ME.es256)},
    **{f'alg {a!r}': ec({'alg': a}, why=ALGORITHM)
       for a in ('es256', 'Es256', 'ES256 ', ' ES256', 'ES256K', 'HS1',
                 'RS1', 'A128KW', 'dir', 'ES384', 'RS256', 'Ed25519')},
    'alg with a NUL': ec(b'{"alg":"ES256\\u0000","kid":"ec"}'),
    'alg of no string': ec({'alg': None}),
    'alg in a list': ec({'alg': ['ES256']}),
    'alg is missing': ec(b'{"kid":"ec","typ":"JWT"}'),
    'Alg': ec(b'{"Alg":"ES256","kid":"ec"}'),
    # CVE-2016-5431, CVE-2016-10555, CVE-2022-29217, RFC 8725 2.1
    'RSA key as secret': confusion(ME.rsa.pem),
    'RSA key as secret, cut': confusion(ME.rsa.pem.strip()),
    'RSA key as secret, of RS256 alone': confusion(ME.rsa.pem, path='/rsa'),
    'EC key as secret': confusion(ME.ec.pem, kid='ec'),
    'EC key as secret, no kid': (
        '/any', token(hs(ME.ec.pem), {'alg': 'HS256'}, ME.claims()),
        SIGNATURE),
    'RSA key as secret, with the kid of the secret': confusion(
        ME.rsa.pem, kid='hs', why=SIGNATURE),
    'empty secret': confusion(b'', kid='hs', why=SIGNATURE),
    'RSA as PSS': ('/all', token(ME.rs256, {'alg': 'PS256', 'kid': 'rsa'},
                                 ME.claims()), SIGNATURE),
    'RSA of another hash': (
        '/all', token(ME.rs512, {'alg': 'RS256', 'kid': 'rsa'}, ME.claims()),
        SIGNATURE),
    'RS512 is not listed': (
        '/all', token(ME.rs512, {'alg': 'RS512', 'kid': 'rsa'}, ME.claims()),
        ALGORITHM),
    'ES256 with the kid of RSA': ec({'kid': 'rsa'}, path='/all',
                                    why=ALGORITHM),
}

SIGNATURES = {
    # CVE-2022-21449: psychic signatures
    **{f'r {r} s {s}': ec(sign=numbers(*rs), why=SIGNATURE)
       for (r, s), rs in {
           ('0', '0'): (0, 0), ('1', '0'): (1, 0), ('0', '1'): (0, 1),
           ('n', 'n'): (P256_ORDER, P256_ORDER),
           ('1', '1'): (1, 1), ('n-1', '1'): (P256_ORDER - 1, 1),
           ('max', 'max'): (2**256 - 1, 2**256 - 1)}.items()},
    'DER': ec(sign=ME.es256_der, why=SIGNATURE),
    'secp256k1': ec(sign=ME.es256_k1, why=SIGNATURE),
    'P-384': ec(sign=ME.es384, why=SIGNATURE),
    'P-384, its first half': ec(sign=lambda t: ME.es384(t)[:64],
                                why=SIGNATURE),
    'of a stranger': ec(sign=OTHER.es256, why=SIGNATURE),
    'zero in front of each half': ec(
        sign=lambda t: b'\0' + ME.es256(t)[:32] + b'\0' + ME.es256(t)[32:],
        why=SIGNATURE),
    'empty': ec(sign=nothing),
    'one byte': ec(sign=lambda t: b'\0', why=SIGNATURE),
    'a byte more': ec(sign=lambda t: ME.es256(t) + b'\0', why=SIGNATURE),
    'a byte less': ec(sign=lambda t: ME.es256(t)[:-1], why=SIGNATURE),
    'twice': ec(sign=lambda t: ME.es256(t) * 2, why=SIGNATURE),
    **{f'HMAC of {n} bytes': (
        '/all', token(lambda t, n=n: ME.hs256(t)[:n],
                      {'alg': 'HS256', 'kid': 'hs'}, ME.claims()), SIGNATURE)
       for n in (1, 16, 31)},
    'RSA with a zero in front': (
        '/rsa', token(lambda t: b'\0' + ME.rs256(t),
                      {'alg': 'RS256', 'kid': 'rsa'}, ME.claims()), SIGNATURE),
    'RSA of zeros': (
        '/rsa', token(lambda t: bytes(256),
                      {'alg': 'RS256', 'kid': 'rsa'}, ME.claims()), SIGNATURE),
    'RSA of one': (
        '/rsa', token(lambda t: bytes(255) + b'\1',
                      {'alg': 'RS256', 'kid': 'rsa'}, ME.claims()), SIGNATURE),
    'RSA cut': (
        '/rsa', token(lambda t: ME.rs256(t)[1:],
                      {'alg': 'RS256', 'kid': 'rsa'}, ME.claims()), SIGNATURE),
    'EdDSA of zeros': (
        '/all', token(lambda t: bytes(64), {'alg': 'EdDSA', 'kid': 'ed'},
                      ME.claims()), SIGNATURE),
}

HEADERS = {
    # CVE-2018-0114: the key comes along; RFC 8725 3.5, 3.10
    **{n: ec({n: v}, sign=OTHER.es256, why=SIGNATURE) for n, v in {
        'jwk': OTHER.ec.jwk, 'jku': 'http://127.0.0.1:1/jwks.json',
        'x5u': 'http://127.0.0.1:1/x.pem', 'x5c': ['MIIB'],
        'x5t': 'AAAA', 'x5t#S256': 'AAAA'}.items()},
    **{f'kid {k!r}': ec({'kid': k}, why=why) for k, why in {
        '../../../../dev/null': KEY, '/etc/hostname': KEY, 'ec.pem': KEY,
        "ec' OR '1'='1": KEY, "x' UNION SELECT 'a": KEY, '$(id)|id': KEY,
        'EC': KEY, 'ec ': KEY, 'e': KEY, 'ecc': KEY, '*': KEY,
        '\uff45\uff43': KEY, 'ec\0': MALFORMED, 'ec\r\nX: y': MALFORMED,
        'e' * 300: MALFORMED, 'e' * 9000: MALFORMED}.items()},
    'kid of no string': ec({'kid': 1}),
    'kid in a list': ec({'kid': ['ec']}),
    'kid in an object': ec({'kid': {'': 'ec'}}),
    'kid and an empty secret': (
        '/all', token(hs(b''), {'alg': 'HS256', 'kid': '/dev/null'},
                      ME.claims()), KEY),
    # RFC 7515 4.1.11, RFC 7797, CVE-2025-59420
    **{f'crit {v!r}': ec({'crit': v, 'exp': 1, 'b64': True})
       for v in (['exp'], [], ['b64'], 'exp', None, [1], {'exp': 1})},
    'b64 false': ec({'b64': False}),
    'b64 false, crit': ec({'b64': False, 'crit': ['b64']}),
    'zip': ec({'zip': 'DEF'}),
    # RFC 8725 2.8, 3.11: a token of another kind
    **{f'typ {t!r}': ec({'typ': t})
       for t in ('id_token', 'logout+jwt', 'rt+jwt', 'secevent+jwt',
                 'dpop+jwt', 'JOSE', 'JOSE+JSON', 'application/x+jwt',
                 'JWT ', 'application/', '\0JWT')},
    'typ of no string': ec({'typ': ['JWT']}),
    'alg twice': ec(b'{"alg":"none","alg":"ES256","kid":"ec"}'),
    'alg twice, escaped': ec(b'{"\\u0061lg":"none","alg":"ES256","kid":"ec"}'),
    'kid twice': ec(b'{"alg":"ES256","kid":"x","kid":"ec"}'),
    'any twice': ec(b'{"alg":"ES256","kid":"ec","x":1,"x":1}'),
    'with a mark': ec(b'\xef\xbb\xbf{"alg":"ES256","kid":"ec"}'),
    'more behind it': ec(b'{"alg":"ES256","kid":"ec"}{}'),
    'a NUL behind it': ec(b'{"alg":"ES256","kid":"ec"}\0'),
    'UTF-16': ec('{"alg":"ES256","kid":"ec"}'.encode('utf-16-le')),
    'a comment': ec(b'{"alg":"ES256","kid":"ec"/**/}'),
    'single quotes': ec(b"{'alg':'ES256','kid':'ec'}"),
    'a list': ec(b'["ES256"]'),
    'a string': ec(b'"ES256"'),
    'deep': ec(b'{"alg":"ES256","kid":"ec","x":' + b'[' * 2000 + b']' * 2000
               + b'}'),
    'many members': ec(b'{"alg":"ES256","kid":"ec"' + b''.join(
        b',"a%d":1' % n for n in range(900)) + b'}'),
}

CLAIMS = {
    # RFC 7519 4.1, RFC 8725 3.8, 3.9
    **{f'exp {v!r}': says(why=CLAIM, exp=v)
       for v in (str(NOW + 6 * 3600), 'never', True, [NOW + 60], {}, '')},
    **{f'nbf written {v}': writes(f'"nbf": {v}') for v in (
        '-1e', '0x10', '01', 'Infinity', 'NaN', '1e400', '9' * 30)},
    'exp is past': says(EXPIRED, exp=NOW - 1),
    'exp is zero': says(EXPIRED, exp=0),
    'exp is negative': says(EXPIRED, exp=-1),
    'exp is very negative': says(CLAIM, exp=-10**25),
    'exp is huge': says(CLAIM, exp=10**25),
    'exp of 2^64 and a minute': says(CLAIM, exp=2**64 + NOW + 6 * 3600),
    'exp is missing': says(CLAIM, exp=None),
    'exp is null': (
        '/', token(ME.es256, HEAD, {**ME.claims(), 'exp': None}), CLAIM),
    'exp in a name of capitals': says(CLAIM, exp=None, EXP=NOW + 60),
    'nbf is to come': says(EARLY, nbf=NOW + 24 * 3600),
    'nbf is a string': says(CLAIM, nbf='0'),
    'iat is to come': says(EARLY, iat=NOW + 24 * 3600),
    'iat is a list': says(CLAIM, iat=[]),
    **{f'iss {v!r}': says(why, iss=v) for v, why in {
        'https://id.example.evil.example': ISSUER,
        'https://id.exampl': ISSUER, 'https://id.example/': ISSUER,
        'HTTPS://ID.EXAMPLE': ISSUER, 'https://id.example\0': CLAIM,
        'https://evil.example/https://id.example': ISSUER, '': ISSUER,
        ' https://id.example': ISSUER, None: ISSUER, 7: CLAIM}.items()},
    'iss in a list': says(CLAIM, iss=['https://id.example']),  # RFC 8725 3.8
    **{f'aud {v!r}': says(why, aud=v) for v, why in (
        ('API', AUDIENCE), ('ap', AUDIENCE), ('api2', AUDIENCE),
        ('api api', AUDIENCE), ('api,x', AUDIENCE), ('', AUDIENCE),
        (None, AUDIENCE), ([], AUDIENCE), ([''], AUDIENCE),
        (['x', 'y'], AUDIENCE), ('*', AUDIENCE), ([['api']], CLAIM),
        ([{'aud': 'api'}], CLAIM), (['api', 1], CLAIM), (7, CLAIM),
        (True, CLAIM), ({'api': 'api'}, CLAIM))},
    # What is told upstream
    **{f'sub {v!r}': says(CLAIM, sub=v) for v in (
        '', 'a\r\nX-User-Roles: admin', 'a\nb', 'a\0b', 'a\x7f', 'a\x85b',
        ' alice', 'alice ', 7, True, ['alice'], {'sub': 'alice'})},
    'sub of a lone surrogate': writes('"tenant_id": "\\ud800"'),
    'a NUL, escaped': writes('"tenant_id": "a\\u0000"'),
    **{f'roles {v!r}': says(CLAIM, roles=v) for v in (
        'a,admin', ['a,admin'], ['a', 1], [['admin']], [''], ['a\r\nb'],
        {'admin': True}, True, 1, [None])},
    'tenant of a number': says(CLAIM, tenant_id=1),
    'jti of a number': says(CLAIM, jti=1),
    # RFC 7519 4, RFC 8725 2.4: members twice
    **{f'{n} twice': writes(f'"{n}": {v}') for n, v in {
        'sub': '"root"', 'exp': '1', 'iss': '"x"', 'aud': '"x"'}.items()},
    'sub twice, escaped': writes('"s\\u0075b": "root"'),
    'any twice': writes('"x": 1, "x": 1'),
    'twice within': writes('"x": {"y": 1, "y": 1}'),
    # Not JSON of one object
    'a list': ec(claims='["alice"]', why=CLAIM),
    'a string': ec(claims='"alice"', why=CLAIM),
    'null': ec(claims='null', why=CLAIM),
    'nothing of JSON': ec(claims='alice', why=CLAIM),
    'more behind it': ec(claims=json.dumps(ME.claims()) + '{}', why=CLAIM),
    'bytes that are no UTF-8': ec(
        claims=json.dumps(ME.claims())[:-1].encode() + b',"x":"\xff"}',
        why=CLAIM),
    'deep': writes(f'"x": {"[" * 3000}{"]" * 3000}'),
    'deep objects': writes('"x": ' + '{"a":' * 1500 + '1' + '}' * 1500),
    'many members': writes(', '.join(f'"a{n}": 1' for n in range(1000))),
    'many elements': writes(f'"x": [{"1," * 5000}1]'),
    # RFC 7516, RFC 7519 5.2
    'nested': ('/', token(ME.es256, {**HEAD, 'cty': 'JWT'}, ME.good()), CLAIM),
}

TEXTS = {
    'JSON serialisation': text(lambda _: json_form()),  # RFC 7515 7.2
    'five parts': text(lambda t: t + '.AAAA.AAAA'),  # RFC 7516: JWE
    'four parts': text(lambda t: t + '.AAAA'),
    'two parts': text(lambda t: t.rpartition('.')[0]),
    'one part': text(lambda t: t.partition('.')[0]),
    'no signature': text(lambda t: t.rpartition('.')[0] + '.'),
    'no header': part(0, lambda p: ''),
    'no payload': part(1, lambda p: ''),
    'dots': text(lambda t: '..'),
    'twice': text(lambda t: t + t),
    'in capitals': text(str.upper),
    'turned': text(lambda t: '.'.join(reversed(t.split('.')))),
    'a dot in front': text(lambda t: '.' + t),
    'a dot behind': text(lambda t: t + '.'),
    **{f'{c!r} behind': text(lambda t, c=c: t + c)
       for c in ('=', '==', '!', ',', ';', '%00', '\tx', ' x', '"', '\xa0')},
    'a header that is cut': part(0, lambda p: p[:-4]),
    'a payload that is cut': part(1, lambda p: p[:len(p) // 4 * 4 - 4],
                                  SIGNATURE),
    'a signature that is cut': part(2, lambda p: p[:-2], SIGNATURE),
    **{f'part {n} and a digit': part(n, lambda p: p + 'A' * (5 - len(p) % 4))
       for n in range(3)},
    **{f'part {n} padded': part(n, lambda p: p + '=') for n in range(3)},
    **{f'part {n} with {c!r}': part(n, lambda p, c=c: p[:4] + c + p[4:])
       for n in range(3) for c in ('+', '/', '=', '%2B', '\t', '\\')},
    'loose bits in the signature': part(2, bits),
    'another payload': (
        '/', '.'.join([*ME.good().split('.')[:1],
                       *ME.good(sub='root').split('.')[1:2],
                       *ME.good().split('.')[2:]]), SIGNATURE),
    'another header': (
        '/', '.'.join([ME.good({'x': 1}).split('.')[0],
                       *ME.good().split('.')[1:]]), SIGNATURE),
    'quoted': text(lambda t: f'"{t}"'),
    'in angle brackets': text(lambda t: f'<{t}>'),
    'percent encoded': text(lambda t: t.replace('.', '%2E')),
    'more than 16 KiB': (
        '/', ME.good(x='y' * 13000), MALFORMED),
}
TABLES = {'algorithm': ALGORITHMS, 'signature': SIGNATURES, 'header': HEADERS,
          'claims': CLAIMS, 'text': TEXTS}
