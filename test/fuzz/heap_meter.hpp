#pragma once

#include <cstddef>
#include <optional>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SAMOYED_FUZZ_METERS_HEAP
#endif
#endif

#ifdef SAMOYED_FUZZ_METERS_HEAP
#include <sanitizer/allocator_interface.h>
#endif

namespace samoyed::fuzz {

/// Measures the peak heap use of this process since construction, relative to the use at
/// construction. Works only with AddressSanitizer; in other builds `peak_bytes` returns
/// std::nullopt. Use one meter at a time, on one thread.
class HeapMeter {
 public:
  HeapMeter() {
#ifdef SAMOYED_FUZZ_METERS_HEAP
    static const int installed = __sanitizer_install_malloc_and_free_hooks(allocated, freed);
    static_cast<void>(installed);
    held_ = 0;
    peak_ = 0;
#endif
  }

  std::optional<std::size_t> peak_bytes() const {
#ifdef SAMOYED_FUZZ_METERS_HEAP
    return peak_ > 0 ? static_cast<std::size_t>(peak_) : 0;
#else
    return std::nullopt;
#endif
  }

 private:
#ifdef SAMOYED_FUZZ_METERS_HEAP
  static void allocated(const volatile void*, std::size_t size) {
    held_ += static_cast<std::ptrdiff_t>(size);
    if (held_ > peak_) peak_ = held_;
  }
  static void freed(const volatile void* pointer) {
    held_ -= static_cast<std::ptrdiff_t>(
        __sanitizer_get_allocated_size(const_cast<const void*>(pointer)));
  }

  // Static because the hooks are plain functions. Negative if older memory was freed.
  inline static std::ptrdiff_t held_ = 0;
  inline static std::ptrdiff_t peak_ = 0;
#endif
};

}  // namespace samoyed::fuzz
