#include "protocol/result_json.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <boost/json/basic_parser_impl.hpp>

#include "samoyed/protocol/base64.hpp"
#include "samoyed/protocol/limits.hpp"
#include "samoyed/protocol/wire.hpp"

namespace samoyed::protocol {
namespace {

/// The objects and the list that make up a result.
enum class Scope { outside, result, top, label, times };

enum class Field {
  none,  ///< No value is expected, or its field is ignored.
  error,
  detail,
  top,
  width,
  height,
  times,
  label,
  probability,
  class_index,
  queue,
  decode,
  resize,
  forward,
  thumbnail,
  truncated,
};

struct NamedField {
  Scope scope;
  std::string_view name;
  Field field;
};

constexpr std::array<NamedField, 15> named_fields{{
    {Scope::result, "error", Field::error},
    {Scope::result, "detail", Field::detail},
    {Scope::result, "top", Field::top},
    {Scope::result, "width", Field::width},
    {Scope::result, "height", Field::height},
    {Scope::result, "times", Field::times},
    {Scope::result, "thumbnail", Field::thumbnail},
    {Scope::result, "truncated", Field::truncated},
    {Scope::label, "label", Field::label},
    {Scope::label, "probability", Field::probability},
    {Scope::label, "class", Field::class_index},
    {Scope::times, "queue_ms", Field::queue},
    {Scope::times, "decode_ms", Field::decode},
    {Scope::times, "resize_ms", Field::resize},
    {Scope::times, "forward_ms", Field::forward},
}};

/// The fields that have been seen.
class FieldSet {
 public:
  void insert(Field field) { bits_ |= bit(field); }
  void erase(std::initializer_list<Field> fields) {
    for (const Field field : fields) bits_ &= ~bit(field);
  }
  bool holds(std::initializer_list<Field> fields) const {
    for (const Field field : fields) {
      if ((bits_ & bit(field)) == 0) return false;
    }
    return true;
  }

 private:
  static unsigned bit(Field field) { return 1U << static_cast<unsigned>(field); }
  unsigned bits_ = 0;
};

/// Receives a result's values in the order of the text. Each member returns false if the text is
/// not a result.
class ResultBuilder {
 public:
  bool null() { return skip(); }
  bool boolean(bool value) {
    if (field_ != Field::truncated) return skip();
    recognition_.truncated = value;
    return found();
  }

  /// Checks the range, because a conversion of numbers that don't fit is undefined.
  template <typename Number>
  bool whole_number(Number value) {
    const bool whole =
        field_ == Field::width || field_ == Field::height || field_ == Field::class_index;
    if (!whole) return number(static_cast<double>(value));
    if (!std::in_range<int>(value)) return false;
    const int narrow = static_cast<int>(value);
    if (field_ == Field::width) recognition_.width = narrow;
    if (field_ == Field::height) recognition_.height = narrow;
    if (field_ == Field::class_index) recognition_.top.back().class_index = narrow;
    return found();
  }

  bool number(double value) {
    switch (field_) {
      case Field::probability:
        if (!(value >= 0 && value <= 1)) return false;
        recognition_.top.back().probability = value;
        break;
      case Field::queue:
        return time(recognition_.times->queue_ms, value);
      case Field::decode:
        return time(recognition_.times->decode_ms, value);
      case Field::resize:
        return time(recognition_.times->resize_ms, value);
      case Field::forward:
        return time(recognition_.times->forward_ms, value);
      default:
        return skip();
    }
    return found();
  }

  bool string(std::string_view value) {
    switch (field_) {
      case Field::error:
        error_ = parse_refusal_reason(value);
        break;
      case Field::detail:
        detail_ = value;
        break;
      case Field::label:
        recognition_.top.back().label = value;
        break;
      case Field::thumbnail:
        if (!take_thumbnail(value)) return false;
        break;
      default:
        return skip();
    }
    return found();
  }

  bool key(std::string_view name) {
    field_ = Field::none;
    if (ignored_depth_ > 0) return true;
    for (const NamedField& named : named_fields) {
      if (named.scope == scope_ && named.name == name) field_ = named.field;
    }
    return true;
  }

  bool begin_object() {
    if (ignored_depth_ == 0 && scope_ == Scope::outside) {
      scope_ = Scope::result;
    } else if (ignored_depth_ == 0 && scope_ == Scope::top) {
      if (recognition_.top.size() == top_max) return false;
      recognition_.top.emplace_back();
      seen_.erase({Field::label, Field::probability});
      scope_ = Scope::label;
    } else if (field_ == Field::times) {
      recognition_.times.emplace();
      seen_.erase({Field::queue, Field::decode, Field::resize, Field::forward});
      scope_ = Scope::times;
    } else {
      return begin_ignored();
    }
    return true;
  }

  bool end_object() {
    if (end_ignored()) return true;
    const bool in_label = scope_ == Scope::label;
    const bool in_times = scope_ == Scope::times;
    scope_ = in_label ? Scope::top : in_times ? Scope::result : Scope::outside;
    if (in_label) return seen_.holds({Field::label, Field::probability});
    if (in_times) return seen_.holds({Field::queue, Field::decode, Field::resize, Field::forward});
    return true;
  }

  bool begin_array() {
    if (field_ != Field::top) return scope_ != Scope::outside && begin_ignored();
    recognition_.top.clear();  // The last of two fields with the same name counts.
    scope_ = Scope::top;
    return found();
  }

  bool end_array() {
    if (!end_ignored()) scope_ = Scope::result;
    return true;
  }

  /// Returns the result. Call it after the whole text was parsed.
  std::optional<Result> take() {
    if (error_) return Refusal{*error_, std::move(detail_)};
    const bool complete =
        seen_.holds({Field::top, Field::width, Field::height}) && !recognition_.top.empty();
    if (!complete) return std::nullopt;
    return std::move(recognition_);
  }

 private:
  bool found() {
    seen_.insert(std::exchange(field_, Field::none));
    return true;
  }

  /// Rejects anything that is not a JPEG file, because browsers get the thumbnail later.
  bool take_thumbnail(std::string_view text) {
    constexpr std::string_view jpeg_begin = "\xFF\xD8\xFF";
    if (text.size() > base64_length(thumbnail_bytes_max)) return false;
    Base64Decoder decoder(text.size());
    decoder.update(text);
    if (!decoder.complete()) return false;
    const std::vector<std::byte> bytes = decoder.take();
    recognition_.thumbnail.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return recognition_.thumbnail.starts_with(jpeg_begin);
  }

  /// Skips a value that is ignored. Returns false if a different type of value is expected here.
  bool skip() const {
    const bool in_list = ignored_depth_ == 0 && scope_ == Scope::top;
    return field_ == Field::none && scope_ != Scope::outside && !in_list;
  }
  bool begin_ignored() {
    if (!skip()) return false;
    ++ignored_depth_;
    return true;
  }
  bool end_ignored() {
    if (ignored_depth_ == 0) return false;
    --ignored_depth_;
    return true;
  }

  /// Rejects absurd times: no worker takes eleven days, and the pages and sums assume ordinary
  /// numbers.
  bool time(double& field, double value) {
    constexpr double ms_max = 1e9;
    if (!(std::abs(value) <= ms_max)) return false;
    field = value;
    return found();
  }

  Scope scope_ = Scope::outside;
  Field field_ = Field::none;      ///< The field whose value comes next.
  std::size_t ignored_depth_ = 0;  ///< Nesting depth inside the value of an ignored field.
  FieldSet seen_;
  Recognition recognition_;
  std::optional<RefusalReason> error_;
  std::string detail_;
};

/// Passes on what Boost.JSON's parser meets. A member that returns false stops the parser.
class ResultHandler {
 public:
  using Error = boost::json::error_code;
  using Text = boost::json::string_view;

  // The payload's own limit bounds all of these.
  static constexpr auto max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr auto max_array_size = std::numeric_limits<std::size_t>::max();
  static constexpr auto max_key_size = std::numeric_limits<std::size_t>::max();
  static constexpr auto max_string_size = std::numeric_limits<std::size_t>::max();

  bool on_document_begin(Error&) { return true; }
  bool on_document_end(Error&) { return true; }
  bool on_object_begin(Error& error) { return keep(builder_.begin_object(), error); }
  bool on_object_end(std::size_t, Error& error) { return keep(builder_.end_object(), error); }
  bool on_array_begin(Error& error) { return keep(builder_.begin_array(), error); }
  bool on_array_end(std::size_t, Error& error) { return keep(builder_.end_array(), error); }
  bool on_key_part(Text part, std::size_t, Error&) { return add(part); }
  bool on_key(Text last, std::size_t, Error& error) {
    return keep(builder_.key(whole(last)), error);
  }
  bool on_string_part(Text part, std::size_t, Error&) { return add(part); }
  bool on_string(Text last, std::size_t, Error& error) {
    return keep(builder_.string(whole(last)), error);
  }
  bool on_number_part(Text, Error&) { return true; }
  bool on_int64(std::int64_t value, Text, Error& error) {
    return keep(builder_.whole_number(value), error);
  }
  bool on_uint64(std::uint64_t value, Text, Error& error) {
    return keep(builder_.whole_number(value), error);
  }
  /// Reads the number again, because the parser's own value may differ in its last bit. That value
  /// stays if the number is out of range.
  bool on_double(double value, Text text, Error& error) {
    std::from_chars(text.data(), text.data() + text.size(), value);
    return keep(builder_.number(value), error);
  }
  bool on_bool(bool value, Error& error) { return keep(builder_.boolean(value), error); }
  bool on_null(Error& error) { return keep(builder_.null(), error); }
  bool on_comment_part(Text, Error&) { return true; }
  bool on_comment(Text, Error&) { return true; }

  ResultBuilder& builder() { return builder_; }

 private:
  static bool keep(bool good, Error& error) {
    if (!good) error = boost::json::error::exception;
    return good;
  }

  /// Texts with escape sequences come in parts.
  bool add(Text part) {
    text_.append(part.data(), part.size());
    return true;
  }
  std::string_view whole(Text last) {
    joined_.clear();
    if (text_.empty()) return {last.data(), last.size()};
    text_.append(last.data(), last.size());
    joined_.swap(text_);
    return joined_;
  }

  ResultBuilder builder_;
  std::string text_;    ///< The parts so far.
  std::string joined_;  ///< The last text that came in parts.
};

}  // namespace

std::optional<Result> parse_result_json(std::string_view payload) {
  boost::json::basic_parser<ResultHandler> parser{boost::json::parse_options()};
  boost::json::error_code error;
  const std::size_t parsed = parser.write_some(false, payload.data(), payload.size(), error);
  if (error || parsed < payload.size()) return std::nullopt;
  return parser.handler().builder().take();
}

}  // namespace samoyed::protocol
