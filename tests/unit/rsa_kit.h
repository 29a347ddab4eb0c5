/*
 * rsa_kit.h - a key of RSA-2048 that is always the same: to make one takes a
 * tenth of a second and more, and most tests do not care which it is.
 */
#ifndef TESTS_UNIT_RSA_KIT_H
#define TESTS_UNIT_RSA_KIT_H

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "common/base/must.h"

static const char rsa_kit_pem[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQC5RPCbMQJmoThF\n"
    "M7QneyYBWBi2Vp55IifZ/JfQ+YTC+pU53yAhT8Bq992ZcFOuQNxooll5FwVLY5RK\n"
    "No37hQTR9+ogDLQabBefKGPOUCCmeyuY5ujnff9Dv3/a0Grn9BVtFqQbr4v2hBKq\n"
    "+XlitFIx3WROSDAjaKuw97nuFXdxE8HUYyM1AQttPjXSSjRyMJOfQm95Vv+YRmSK\n"
    "Kdsd6H56GLBDzcLEYx61ePy/rpHr3hKYb/jDHBZ+8Aksoruvt7AcavNhxCkA8u87\n"
    "qa6pgxhn8fyeWN7Yl78oybql6clXmLtpNZv69PDuZdhHbR7Gp2+kmMA9Af5hkES3\n"
    "+5MQ2/0PAgMBAAECggEAHjnFF0yTm7LJv2CED7zjomyA+55+FD0iS0oOaqWKp1TC\n"
    "a8KfN1APkGQH3zSYMmGak+eIuVysHHSOiN0FpPc6phbQN5Ja/8SKxgiM3+fqq76E\n"
    "ilmBveKsdp0Tettt1ZHYvQdolqu5Jeq+MO6qgxPwJPp9ltfoIp69BA4mY1VVOzk6\n"
    "4b7ZCbBxACHBRcU3CZYEauK7v+Y24K5vBIZJJVQj8XcjiuJREbhbHgb+V53JqhtH\n"
    "ldFOu8vFwW/YUAnpXbRuUMFKFpN55zUeIGKR6UkDm9TFpdzSXS2c32L2RyqpX9k8\n"
    "ABWd8OrzM9fvvWGqN/SR2VS19wz2CfBk8CjvnnH/QQKBgQDb5XfTPSd+8wJdrdaq\n"
    "wQ7TgUjDRWbsW6/Ix1tWGN/FDhF6mfLAWQAKv1123FYjr8n5FfA0TypAtS3YjYEi\n"
    "sV0wGF8ODm6N/5q97smuFj3jAezC37xUa565pDvzSOOQAFJAiIhdhn/Xez5SVHde\n"
    "UdU5rAL7Q/SwGnn77CouSQNQeQKBgQDXsA0NrkLVicdZ7PCAbkHhzrIpyx2YrJxc\n"
    "q/tNGQUN82ByDCtdHX1lNxYmoK9EAGO97MkFKzF8mE01s0k2vXj0iudWoK5gCndh\n"
    "6rEEyvCeumMMGAEALZJmamlw7PKsZj/Hj1O+cS4Ihud2HXMIJrMjJ3PJetl3fHhJ\n"
    "W4cUWLYnxwKBgBi3E960Muo72fo5fbU3ebkgANOhy02piHpinctxhEUbra8/+l7Q\n"
    "IgcTNygS38OnEGZkptjaRP983ahHT0pc8QJk2tozmQ1wuy251wUwDsijAL9ucjZy\n"
    "2iY3ZV2Uxa77ukLylZEdeuT3Pyv1vmzlebe/s54WJzxb3XYJNzx4jFzRAoGBAKJF\n"
    "/xwq3nfAKC7899j4mzKjiyGsgoDqZN3IOtK/nzDmycokY7+zvzMWZeD8BcEYtfIf\n"
    "owHzhFDkWTqsv8midc0ucGyZiXgSh80wgKxFbxFM09Y2fRJANyQ8rUXbz5xrdVLT\n"
    "/8KJboPV03DnKTOZwi8RsKiGd/TQvcMbTJ6/O5TjAoGBAI9VGure7WjRdujkGJ7R\n"
    "3VlhIOBJ5bUN+tD2uqi9Vv47zvUgasx+NTEjSOFPKCagYqwLK+UMECTzFxI4G0rV\n"
    "j8vSX7EtCLh90fokbdhSY5GPSKN6tLi/vAH5ViDADmfknBhC1Ut5PaA8WOMnkHGq\n"
    "3XdqcrlA8HrIkvMSIshXeeEZ\n"
    "-----END PRIVATE KEY-----\n";

/* The caller frees it. */
static inline EVP_PKEY *
rsa_kit_key(void)
{
	BIO *bio = BIO_new_mem_buf(rsa_kit_pem, -1);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

	MUST(key != NULL);
	BIO_free(bio);
	return key;
}

#endif
