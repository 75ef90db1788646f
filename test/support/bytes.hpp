#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace samoyed::test {

/// Returns a text's characters as bytes. The text must outlive the span.
inline std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

/// Returns bytes as text, for comparing and printing. The bytes must outlive the view.
inline std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace samoyed::test
