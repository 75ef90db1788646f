#pragma once

namespace samoyed::test {

/// Whether a sanitizer's own allocator replaces the system's: its shadows and quarantines count as
/// ours then.
#if defined(__has_feature)  // As clang reports its sanitizers.
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SAMOYED_TEST_SANITIZED
#endif
#endif
#ifdef SAMOYED_TEST_SANITIZED
inline constexpr bool memory_is_measurable = false;
#else
inline constexpr bool memory_is_measurable = true;
#endif

}  // namespace samoyed::test
