#pragma once

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace samoyed::web {

class Template;
struct Value;
/// The values for a template, or for one item of a list in it.
using Values = std::vector<Value>;

/// Markup: a template together with its values. Only templates make it, so text from outside can't
/// become markup by mistake. It must not outlive the template or anything that the values refer to.
class Html {
 public:
  /// No markup.
  Html() = default;

  /// Renders the markup and all markup inside it. Each value is copied only once, at whatever
  /// depth: an image may take megabytes. Throws `std::logic_error` if values don't fit their
  /// template.
  std::string text() const;

 private:
  friend class Template;

  Html(const Template& page_template, Values values);

  const Template* template_ = nullptr;
  std::shared_ptr<const Values> values_;
};

/// A named value. A `std::string_view` is only referred to and must outlive the value; everything
/// else is copied or moved in.
struct Value {
  using List = std::shared_ptr<const std::vector<Values>>;

  Value(std::string_view value_name, std::string text)
      : name(value_name), content(std::move(text)) {}
  Value(std::string_view value_name, std::string_view text) : name(value_name), content(text) {}
  Value(std::string_view value_name, const char* text)
      : Value(value_name, std::string_view(text)) {}
  Value(std::string_view value_name, Html html) : name(value_name), content(std::move(html)) {}
  Value(std::string_view value_name, std::vector<Values> list);
  /// A list of one item.
  Value(std::string_view value_name, Values item);
  /// Takes only `bool`, so that nothing else is converted to a condition by mistake.
  template <std::same_as<bool> Bool>
  Value(std::string_view value_name, Bool condition) : name(value_name), content(condition) {}

  std::string_view name;
  /// Lists are shared because initializer lists copy their values.
  std::variant<std::string, std::string_view, Html, List, bool> content;
};

/// An HTML template, in a small part of Handlebars' syntax:
///
/// - `{{name}}` inserts a text and escapes it.
/// - `{{{name}}}` inserts markup as it is. The value must be an `Html`, never a text.
/// - `{{#if name}}..{{else}}..{{/if}}` keeps the first part if a condition is true, or if a text,
///   markup or list isn't empty; otherwise it keeps the second part, which may be left out.
/// - `{{#each name}}..{{else}}..{{/each}}` repeats the first part for each item of a list; the
///   second part stands for an empty list. In the first part only the item's values have names.
/// - `{{#with name}}..{{else}}..{{/with}}` does the same for a list of at most one item.
/// - `{{> name}}` inserts another template, which uses the same values.
///
/// If one of the tags of the last four kinds, `{{else}}` or a closing tag is alone on its line, its
/// line break is removed too.
///
/// Mistakes in a template, and values that don't fit it, are programming errors: they throw
/// `std::logic_error`, so any test that renders the page finds them.
class Template {
 public:
  /// A template that others may contain.
  struct Partial {
    std::string_view name;
    std::string_view text;
  };

  /// Parses `text` and the partials that it contains; these texts must outlive the template. Throws
  /// if a tag is unknown or isn't closed, or if a partial doesn't exist.
  explicit Template(std::string_view text, std::initializer_list<Partial> partials = {});
  ~Template();
  Template(const Template&) = delete;
  Template& operator=(const Template&) = delete;

  /// Combines the template with values. `Html::text` throws if a name in the template has no value,
  /// even in a part that is left out, if a value has the wrong type, or if it isn't used.
  Html fill(Values values) const&;
  Html fill(Values values) && = delete;

 private:
  friend class Html;

  struct Node;
  using Nodes = std::vector<Node>;
  /// The names of the values that a template, or a list item in it, needs. Each occurs once.
  using Names = std::vector<std::string_view>;
  class Parser;
  class Filler;

  static std::size_t size_of(const Nodes& nodes);

  /// The bytes of all literal text, including that of the partials.
  std::size_t size_ = 0;
  Names names_;
  Nodes nodes_;
};

}  // namespace samoyed::web
