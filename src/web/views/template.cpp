#include "web/views/template.hpp"

#include <algorithm>
#include <stdexcept>

#include "web/views/html_escape.hpp"

namespace samoyed::web {
namespace {

/// Partials that are nested deeper contain themselves.
constexpr int partial_depth_max = 8;

[[noreturn]] void fail(const std::string& sentence) {
  throw std::logic_error("template: " + sentence);
}

std::string braced(std::string_view name) { return "{{" + std::string(name) + "}}"; }

bool is_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

/// Whether a tag shapes the text instead of adding a value to it.
bool is_block_tag(std::string_view tag) {
  return tag == "else" || tag.starts_with('#') || tag.starts_with('/') || tag.starts_with('>');
}

/// The text of a value. Fails if the value has another type.
std::string_view text_of(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value.content)) return *text;
  if (const auto* text = std::get_if<std::string_view>(&value.content)) return *text;
  fail(braced(value.name) + " is not a text");
}

const Html& markup_of(const Value& value) {
  if (const auto* html = std::get_if<Html>(&value.content)) return *html;
  fail("{" + braced(value.name) + "} is not markup");
}

const std::vector<Values>& list_of(const Value& value) {
  if (const auto* list = std::get_if<Value::List>(&value.content)) return **list;
  fail(braced(value.name) + " is not a list");
}

}  // namespace

struct Template::Node {
  enum class Kind { literal, text, markup, condition, list };

  Kind kind;
  /// The text of a literal.
  std::string_view literal = {};
  /// For all other kinds: the index of the node's name in the names of its template or list item.
  std::size_t name = 0;
  /// The two parts of a condition or list.
  Nodes body = {};
  Nodes otherwise = {};
  /// The names of the values that a list's items have.
  Names item_names = {};
};

class Template::Parser {
 public:
  using Partials = std::initializer_list<Partial>;

  Parser(std::string_view text, Partials partials, int depth)
      : rest_(text), partials_(partials), depth_(depth) {
    if (depth > partial_depth_max) fail("a partial contains itself");
  }

  void parse_all(Names& names, Nodes& nodes) {
    const std::string_view end = parse(names, nodes);
    if (!end.empty()) fail(braced(end) + " closes nothing");
  }

 private:
  using Kind = Node::Kind;

  /// Parses up to the next tag that ends or divides a block, and returns this tag, or an empty one
  /// at the end of the text.
  std::string_view parse(Names& names, Nodes& nodes) {
    while (true) {
      const std::size_t open = rest_.find("{{");
      const std::string_view literal = rest_.substr(0, open);
      if (!literal.empty()) nodes.push_back({.kind = Kind::literal, .literal = literal});
      rest_.remove_prefix(literal.size());
      if (rest_.empty()) return {};
      const bool begins_line = literal.empty() ? begins_line_ : literal.ends_with('\n');
      begins_line_ = false;
      if (rest_.starts_with("{{{")) {
        nodes.push_back({.kind = Kind::markup, .name = index(names, take_tag("{{{", "}}}"))});
        continue;
      }
      const std::string_view tag = take_tag("{{", "}}");
      if (!is_block_tag(tag)) {
        nodes.push_back({.kind = Kind::text, .name = index(names, tag)});
        continue;
      }
      if (begins_line && rest_.starts_with('\n')) {
        rest_.remove_prefix(1);
        begins_line_ = true;
      }
      if (tag == "else" || tag.starts_with('/')) return tag;
      parse_block(tag, names, nodes);
    }
  }

  void parse_block(std::string_view tag, Names& names, Nodes& nodes) {
    const std::size_t space = std::min(tag.find(' '), tag.size());
    const std::string_view word = tag.substr(0, space);
    const std::string_view name = tag.substr(std::min(space + 1, tag.size()));
    if (word == "#if") {
      Node node{.kind = Kind::condition, .name = index(names, name)};
      parse_parts(tag, "/if", names, names, node);
      nodes.push_back(std::move(node));
    } else if (word == "#each" || word == "#with") {
      Node node{.kind = Kind::list, .name = index(names, name)};
      parse_parts(tag, word == "#each" ? "/each" : "/with", node.item_names, names, node);
      nodes.push_back(std::move(node));
    } else if (word == ">") {
      Parser(partial(name), partials_, depth_ + 1).parse_all(names, nodes);
    } else {
      fail(braced(tag) + " is no tag");
    }
  }

  void parse_parts(std::string_view tag, std::string_view closing, Names& body_names, Names& names,
                   Node& node) {
    std::string_view end = parse(body_names, node.body);
    if (end == "else") end = parse(names, node.otherwise);
    if (end != closing) fail(braced(tag) + " without " + braced(closing));
  }

  std::string_view take_tag(std::string_view opening, std::string_view closing) {
    const std::size_t close = rest_.find(closing);
    if (close == rest_.npos) fail(std::string(opening) + " without " + std::string(closing));
    const std::string_view tag = rest_.substr(opening.size(), close - opening.size());
    rest_.remove_prefix(close + closing.size());
    return tag;
  }

  std::string_view partial(std::string_view name) {
    const auto found = std::ranges::find(partials_, name, &Partial::name);
    if (found == partials_.end()) fail("no partial for " + braced("> " + std::string(name)));
    return found->text;
  }

  static std::size_t index(Names& names, std::string_view name) {
    if (!is_name(name)) fail(braced(name) + " is no tag");
    const auto found = std::ranges::find(names, name);
    if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
    names.push_back(name);
    return names.size() - 1;
  }

  std::string_view rest_;
  Partials partials_;
  int depth_;
  /// Whether the rest begins a line, apart from tags that were removed with their line break.
  bool begins_line_ = true;
};

class Template::Filler {
 public:
  /// An estimate of the bytes that `fill` appends: the values, and twice the template's text, which
  /// leaves room for the items of short lists.
  static std::size_t size_of(const Html& html) {
    return is_empty(html) ? 0 : 2 * html.template_->size_ + size_of(*html.values_);
  }

  explicit Filler(std::string& html) : html_(html) {}

  void fill(const Html& html) {
    if (is_empty(html)) return;
    fill(html.template_->names_, html.template_->nodes_, *html.values_);
  }

 private:
  using Kind = Node::Kind;

  static bool is_empty(const Html& html) { return html.template_ == nullptr; }

  static std::size_t size_of(const Values& values) {
    std::size_t size = 0;
    for (const Value& value : values) {
      if (const auto* html = std::get_if<Html>(&value.content)) {
        size += size_of(*html);
      } else if (const auto* list = std::get_if<Value::List>(&value.content)) {
        for (const Values& item : **list) size += size_of(item);
      } else if (!std::holds_alternative<bool>(value.content)) {
        size += text_of(value).size();
      }
    }
    return size;
  }

  static bool is_true(const Value& value) {
    if (const auto* condition = std::get_if<bool>(&value.content)) return *condition;
    if (const auto* html = std::get_if<Html>(&value.content)) return !is_empty(*html);
    if (const auto* list = std::get_if<Value::List>(&value.content)) return !(*list)->empty();
    return !text_of(value).empty();
  }

  void fill(const Names& names, const Nodes& nodes, const Values& values) {
    const std::size_t first = bound_.size();
    bind(names, values);
    append(nodes, first);
    bound_.resize(first);
  }

  /// Appends each name's value to `bound_`. This is quickest if the names and the values come in
  /// the same order.
  void bind(const Names& names, const Values& values) {
    const std::size_t first = bound_.size();
    bound_.resize(first + names.size());
    auto next = names.begin();
    for (const Value& value : values) {
      auto found = std::find(next, names.end(), value.name);
      if (found == names.end()) found = std::find(names.begin(), next, value.name);
      if (found == names.end() || *found != value.name) fail("no place for " + braced(value.name));
      bound_[first + static_cast<std::size_t>(found - names.begin())] = &value;
      next = found + 1;
    }
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (bound_[first + i] == nullptr) fail("no value for " + braced(names[i]));
    }
  }

  /// The values of the nodes' names begin at `first` in `bound_`.
  void append(const Nodes& nodes, std::size_t first) {
    for (const Node& node : nodes) {
      switch (node.kind) {
        case Kind::literal:
          html_ += node.literal;
          break;
        case Kind::text:
          append_escaped(html_, text_of(value(first, node)));
          break;
        case Kind::markup:
          fill(markup_of(value(first, node)));
          break;
        case Kind::condition:
          append(is_true(value(first, node)) ? node.body : node.otherwise, first);
          break;
        case Kind::list:
          append_list(node, list_of(value(first, node)), first);
          break;
      }
    }
  }

  void append_list(const Node& node, const std::vector<Values>& items, std::size_t first) {
    for (const Values& item : items) fill(node.item_names, node.body, item);
    if (items.empty()) append(node.otherwise, first);
  }

  const Value& value(std::size_t first, const Node& node) const {
    return *bound_[first + node.name];
  }

  std::string& html_;
  /// The values of the names of the template, followed by those of each list item inside it that is
  /// being filled in.
  std::vector<const Value*> bound_;
};

Value::Value(std::string_view value_name, std::vector<Values> list)
    : name(value_name), content(std::make_shared<const std::vector<Values>>(std::move(list))) {}

Value::Value(std::string_view value_name, Values item) : name(value_name) {
  auto list = std::make_shared<std::vector<Values>>();
  list->push_back(std::move(item));
  content = List(std::move(list));
}

Template::Template(std::string_view text, std::initializer_list<Partial> partials) {
  Parser(text, partials, 0).parse_all(names_, nodes_);
  size_ = size_of(nodes_);
}

std::size_t Template::size_of(const Nodes& nodes) {
  std::size_t size = 0;
  for (const Node& node : nodes) {
    size += node.literal.size() + size_of(node.body) + size_of(node.otherwise);
  }
  return size;
}

Template::~Template() = default;

Html Template::fill(Values values) const& { return Html(*this, std::move(values)); }

Html::Html(const Template& page_template, Values values)
    : template_(&page_template), values_(std::make_shared<const Values>(std::move(values))) {}

std::string Html::text() const {
  std::string text;
  text.reserve(Template::Filler::size_of(*this));
  Template::Filler(text).fill(*this);
  return text;
}

}  // namespace samoyed::web
