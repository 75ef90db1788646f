#pragma once

namespace samoyed::test {

/// False if a sanitizer's allocator replaces the system's. Its shadow memory and quarantines would
/// then count as memory of the process.
#if defined(__has_feature)  // Clang's way to detect sanitizers.
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SAMOYED_TEST_SANITIZED
#endif
#if __has_feature(thread_sanitizer)
#define SAMOYED_TEST_THREAD_SANITIZED
#endif
#endif
#ifdef SAMOYED_TEST_SANITIZED
inline constexpr bool memory_is_measurable = false;
#else
inline constexpr bool memory_is_measurable = true;
#endif

/// False with ThreadSanitizer, which runs a handler only at the next call of the system. Code that
/// makes none then never notices a signal.
#ifdef SAMOYED_TEST_THREAD_SANITIZED
inline constexpr bool signals_interrupt_loops = false;
#else
inline constexpr bool signals_interrupt_loops = true;
#endif

}  // namespace samoyed::test
