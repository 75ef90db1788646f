#pragma once

#include <string>
#include <string_view>

namespace samoyed::web {

/// Compresses a text (RFC 1952). The same text always gives the same bytes.
std::string gzip(std::string_view text);

/// A text that changes rarely, and its compressed form, which is made when the text changes.
class CompressedText {
 public:
  /// Takes the present text.
  void set(std::string text);

  const std::string& text() const { return text_; }
  const std::string& compressed() const { return compressed_; }

 private:
  std::string text_;
  std::string compressed_;
};

}  // namespace samoyed::web
