"""Configurations that many tests start from."""

# A service whose tests provoke failures on purpose.
NO_BREAKER = 'breaker = { failures = 0; }; '


def service(*ports, extra=''):
    """A services block with one service "s" over these ports."""
    endpoints = ', '.join(f'{{ address = "127.0.0.1:{p}"; }}' for p in ports)
    return f'services = {{ s = {{ endpoints = ( {endpoints} ); {extra} }}; }};\n'


def proxy(*ports, extra='', routes='{ path = "/*rest"; service = "s"; }'):
    """A configuration that sends everything to one service."""
    return service(*ports, extra=extra) + f'routes = ( {routes} );\n'
