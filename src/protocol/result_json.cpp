#include "protocol/result_json.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

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

/// Receives a result's values in the order in which the library's parser meets them. Each callback
/// returns false if the input is not a result, which stops the parser.
class ResultHandler {
 public:
  bool null() { return skip(); }
  bool boolean(bool value) {
    if (field_ != Field::truncated) return skip();
    recognition_.truncated = value;
    return found();
  }
  bool number_integer(std::int64_t value) { return whole_number(value); }
  bool number_unsigned(std::uint64_t value) { return whole_number(value); }
  bool number_float(double value, const std::string&) { return number(value); }
  bool binary(nlohmann::json::binary_t&) { return false; }  // JSON text has no binary values.

  bool string(std::string& value) {
    switch (field_) {
      case Field::error:
        error_ = parse_refusal_reason(value);
        break;
      case Field::detail:
        detail_ = std::move(value);
        break;
      case Field::label:
        recognition_.top.back().label = std::move(value);
        break;
      case Field::thumbnail:
        if (!take_thumbnail(value)) return false;
        break;
      default:
        return skip();
    }
    return found();
  }

  bool key(std::string& name) {
    field_ = Field::none;
    if (ignored_depth_ > 0) return true;
    for (const NamedField& named : named_fields) {
      if (named.scope == scope_ && named.name == name) field_ = named.field;
    }
    return true;
  }

  bool start_object(std::size_t) {
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

  bool start_array(std::size_t) {
    if (field_ != Field::top) return scope_ != Scope::outside && begin_ignored();
    recognition_.top.clear();  // The last of two fields with the same name counts.
    scope_ = Scope::top;
    return found();
  }

  bool end_array() {
    if (!end_ignored()) scope_ = Scope::result;
    return true;
  }

  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception&) {
    return false;
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

  /// Checks the range, because the library would convert any number, and the conversion is
  /// undefined for numbers that don't fit.
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

}  // namespace

std::optional<Result> parse_result_json(std::string_view payload) {
  ResultHandler handler;
  if (!nlohmann::json::sax_parse(payload, &handler)) return std::nullopt;
  return handler.take();
}

}  // namespace samoyed::protocol
