/*
 * sanitized.h - whether a sanitizer is compiled in, and what only it is told:
 * gcc has a macro for each, clang a feature.
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

/* Who touches the n bytes at p until they are shown is stopped. */
#if SANITIZED_ADDRESS
#include <sanitizer/asan_interface.h>
#define SANITIZED_HIDE(p, n) ASAN_POISON_MEMORY_REGION(p, n)
#define SANITIZED_SHOW(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
#else
#define SANITIZED_HIDE(p, n) ((void)(p), (void)(n))
#define SANITIZED_SHOW(p, n) ((void)(p), (void)(n))
#endif

#endif
