#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace samoyed::web {

/// Markup that a page may contain as it is. Only templates and `escaped` make it, so that a text
/// from outside can't become markup by mistake.
class Html {
 public:
  Html() = default;

  /// Text as markup: `& < > " '` become entities, safe in content and in quoted attributes. Bytes
  /// that are no UTF-8, and control characters, become U+FFFD.
  static Html escaped(std::string_view text);

  /// Fills in a template's `{{name}}`s, each value copied once. Throws std::logic_error where a
  /// name of the template has no value or a value has no place in it: a programming error that any
  /// test of the page finds.
  struct Value;
  static Html fill(std::string_view page_template, std::initializer_list<Value> values);

  Html& operator+=(const Html& other) {
    text_ += other.text_;
    return *this;
  }

  const std::string& text() const& { return text_; }
  std::string text() && { return std::move(text_); }

 private:
  void append_escaped(std::string_view text);

  std::string text_;
};

/// A name and what replaces it: texts are escaped, markup isn't. Refers to what it is made of, so
/// it lives no longer than the call that it is made for.
struct Html::Value {
  Value(std::string_view value_name, const Html& html)
      : name(value_name), content(html.text_), is_markup(true) {}
  Value(std::string_view value_name, std::string_view text) : name(value_name), content(text) {}
  Value(std::string_view value_name, const char* text)
      : Value(value_name, std::string_view(text)) {}
  Value(std::string_view value_name, const std::string& text)
      : Value(value_name, std::string_view(text)) {}

  std::string_view name;
  std::string_view content;
  bool is_markup = false;
};

}  // namespace samoyed::web
