/*
 * sanitized.h - whether a sanitizer is compiled in: gcc has a macro for each,
 * clang a feature.
 */
#ifndef COMMON_BASE_SANITIZED_H
#define COMMON_BASE_SANITIZED_H

#ifdef __has_feature
#define SANITIZED_FEATURE(x) __has_feature(x)
#else
#define SANITIZED_FEATURE(x) 0
#endif

#if SANITIZED_FEATURE(address_sanitizer) || defined(__SANITIZE_ADDRESS__)
#define SANITIZED_ADDRESS 1
#else
#define SANITIZED_ADDRESS 0
#endif

#if SANITIZED_FEATURE(thread_sanitizer) || defined(__SANITIZE_THREAD__)
#define SANITIZED_THREAD 1
#else
#define SANITIZED_THREAD 0
#endif

#endif
