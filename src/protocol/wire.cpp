#include "samoyed/protocol/wire.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <utility>

#include <nlohmann/json.hpp>

#include "protocol/result_json.hpp"
#include "samoyed/protocol/base64.hpp"
#include "samoyed/protocol/limits.hpp"
#include "samoyed/protocol/message.hpp"
#include "samoyed/protocol/utf8.hpp"

namespace samoyed::protocol {
namespace {

using json = nlohmann::ordered_json;

constexpr std::string_view project_name = "samoyed";
constexpr int protocol_number = 1;
constexpr std::string_view error_prefix = "error:";

constexpr std::array<std::pair<RefusalReason, std::string_view>, 9> reason_words{{
    {RefusalReason::busy, "busy"},
    {RefusalReason::too_large, "too large"},
    {RefusalReason::unreadable, "unreadable"},
    {RefusalReason::too_many_pixels, "too many pixels"},
    {RefusalReason::too_slow, "too slow"},
    {RefusalReason::bad_encoding, "bad encoding"},
    {RefusalReason::bad_option, "bad option"},
    {RefusalReason::internal, "internal"},
    {RefusalReason::other, "other"},
}};

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

/// Returns an integer in the range of `Number`, or throws. The library would convert any number,
/// and the conversion is undefined for numbers that don't fit.
template <typename Number>
Number whole_number(const json& value) {
  if (value.is_number_unsigned()) {
    if (const auto number = value.get<std::uint64_t>(); std::in_range<Number>(number)) {
      return static_cast<Number>(number);
    }
  } else if (value.is_number_integer()) {
    if (const auto number = value.get<std::int64_t>(); std::in_range<Number>(number)) {
      return static_cast<Number>(number);
    }
  }
  throw json::other_error::create(501, "not an integer in range", &value);
}

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// Cuts `text` at the first `separator` and returns the text before it.
std::string_view cut(std::string_view& text, char separator) {
  const std::size_t at = text.find(separator);
  const std::string_view head = text.substr(0, at);
  text = at == text.npos ? std::string_view() : text.substr(at + 1);
  return head;
}

std::string format_plain(const Result& result) {
  if (const auto* refusal = std::get_if<Refusal>(&result)) {
    return std::string(error_prefix) + std::string(to_string(refusal->reason));
  }
  std::string text;
  for (const RankedLabel& ranked : std::get<Recognition>(result).top) {
    if (!text.empty()) text += ',';
    text += ranked.label + ':' + format_probability(ranked.probability);
  }
  return text;
}

std::optional<Result> parse_plain(std::string_view payload) {
  if (payload.starts_with(error_prefix)) {
    const std::string_view words = payload.substr(error_prefix.size());
    const RefusalReason reason = parse_refusal_reason(words);
    // Keep the text of an unknown reason, because it may still be useful to a person.
    return Refusal{reason, reason == RefusalReason::other ? to_utf8(words) : ""};
  }
  Recognition recognition;
  if (payload.ends_with(',')) return std::nullopt;
  std::string_view rest = payload;
  do {
    std::string_view item = cut(rest, ',');
    const std::string_view label = cut(item, ':');
    const auto probability = parse_number<double>(item);
    const bool legal = !label.empty() && probability && *probability >= 0 && *probability <= 1 &&
                       recognition.top.size() < top_max;
    if (!legal) return std::nullopt;
    recognition.top.push_back({to_utf8(label), std::nullopt, *probability});
  } while (!rest.empty());
  return recognition;
}

std::string base64_text(std::string_view bytes) {
  std::string text(base64_length(bytes.size()), '\0');
  encode_base64(std::as_bytes(std::span(bytes)), text.data());
  return text;
}

json to_json(const Recognition& recognition) {
  json top = json::array();
  for (const RankedLabel& ranked : recognition.top) {
    json item = {{"label", ranked.label}, {"probability", ranked.probability}};
    if (ranked.class_index) item["class"] = *ranked.class_index;
    top.push_back(std::move(item));
  }
  json value = {
      {"top", std::move(top)}, {"width", recognition.width}, {"height", recognition.height}};
  if (const auto& times = recognition.times) {
    value["times"] = {{"queue_ms", times->queue_ms},
                      {"decode_ms", times->decode_ms},
                      {"resize_ms", times->resize_ms},
                      {"forward_ms", times->forward_ms}};
  }
  if (recognition.truncated) value["truncated"] = true;
  if (!recognition.thumbnail.empty()) value["thumbnail"] = base64_text(recognition.thumbnail);
  return value;
}

std::string format_extended(const Result& result) {
  if (const auto* recognition = std::get_if<Recognition>(&result)) {
    return dump(to_json(*recognition));
  }
  const Refusal& refusal = std::get<Refusal>(result);
  json value = {{"error", to_string(refusal.reason)}};
  if (!refusal.detail.empty() && !contains_message_end(refusal.detail)) {
    value["detail"] = refusal.detail;
  }
  return dump(value);
}

}  // namespace

std::string format_size(const SizeRequest& request) {
  std::string text = std::to_string(request.text_length);
  if (request.top) text += ";top=" + std::to_string(*request.top);
  if (request.timeout) text += ";timeout_ms=" + std::to_string(request.timeout->count());
  if (request.thumbnail_side) text += ";thumbnail=" + std::to_string(*request.thumbnail_side);
  return text;
}

ParsedSize parse_size(std::string_view payload, Dialect dialect) {
  std::string_view rest = payload;
  const std::string_view number = dialect == Dialect::extended ? cut(rest, ';') : payload;
  if (dialect == Dialect::plain) rest = {};
  const auto length = parse_number<std::uint64_t>(number);
  if (!length) return {.request = {}, .error = SizeError::no_number};
  ParsedSize parsed{.request = {.text_length = *length}, .error = {}};
  while (!rest.empty() && !parsed.error) {
    std::string_view option = cut(rest, ';');
    const std::string_view name = cut(option, '=');
    const auto value = parse_number<int>(option);
    if (name == "top" && value && *value >= 1 && *value <= top_max) {
      parsed.request.top = *value;
    } else if (name == "timeout_ms" && value && *value >= 1) {
      parsed.request.timeout = std::chrono::milliseconds(*value);
    } else if (name == "thumbnail" && value && *value >= 1 && *value <= thumbnail_side_max) {
      parsed.request.thumbnail_side = *value;
    } else {
      parsed.error = SizeError::unknown_option;
    }
  }
  return parsed;
}

namespace {

/// Returns how many images a worker recognizes at the same time. No worker can do more than the
/// limit here; a larger number would only make clients send too much.
std::uint64_t parse_threads(const json& hello) {
  constexpr std::uint64_t threads_max = 1024;
  const auto threads = hello.find("threads");
  if (threads == hello.end()) return 0;
  return std::min(whole_number<std::uint64_t>(*threads), threads_max);
}

/// Returns the formats that a hello names. A worker that names none is older than the field.
ImageFormatSet parse_formats(const json& hello) {
  const auto formats = hello.find("formats");
  if (formats == hello.end()) return original_image_formats;
  return image_format_set(formats->get<std::vector<std::string>>());
}

}  // namespace

std::string format_hello(const WorkerHello& hello) {
  json value{{"project", project_name},
             {"protocol", protocol_number},
             {"model", hello.model},
             {"labels", hello.label_count},
             {"trained", hello.trained},
             {"image_bytes_max", hello.image_bytes_max},
             {"busy", hello.busy},
             {"takes_timeout", hello.takes_timeout},
             {"takes_thumbnail", hello.takes_thumbnail},
             {"takes_pipelining", hello.takes_pipelining},
             {"formats", image_format_ids(hello.formats)}};
  if (!hello.sandbox.empty()) value["sandbox"] = hello.sandbox;
  if (hello.threads > 0) value["threads"] = hello.threads;
  if (hello.draining) value["draining"] = true;
  return dump(value);
}

std::optional<WorkerHello> parse_hello(std::string_view payload) {
  try {
    const json value = json::parse(payload);
    const bool ours = value.at("project").get<std::string>() == project_name &&
                      whole_number<int>(value.at("protocol")) == protocol_number;
    if (!ours) return std::nullopt;
    return WorkerHello{.model = value.at("model").get<std::string>(),
                       .label_count = whole_number<std::uint64_t>(value.at("labels")),
                       .trained = value.at("trained").get<bool>(),
                       .image_bytes_max = whole_number<std::uint64_t>(value.at("image_bytes_max")),
                       .busy = value.at("busy").get<bool>(),
                       .takes_timeout = value.value("takes_timeout", false),
                       .takes_thumbnail = value.value("takes_thumbnail", false),
                       .takes_pipelining = value.value("takes_pipelining", false),
                       .sandbox = value.value("sandbox", ""),
                       .formats = parse_formats(value),
                       .threads = parse_threads(value),
                       .draining = value.value("draining", false)};
  } catch (const json::exception&) {
    return std::nullopt;  // The caller reports what it could not parse.
  }
}

std::string format_result(const Result& result, Dialect dialect) {
  return dialect == Dialect::plain ? format_plain(result) : format_extended(result);
}

std::optional<Result> parse_result(std::string_view payload, Dialect dialect) {
  return dialect == Dialect::plain ? parse_plain(payload) : parse_result_json(payload);
}

std::string format_probability(double probability) {
  // As in Python's repr: fixed notation from 1e-4 on, scientific below, and always a decimal point
  // or an exponent.
  const bool fixed = probability == 0 || probability >= 1e-4;
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), probability,
                                 fixed ? std::chars_format::fixed : std::chars_format::scientific);
  std::string digits(text.data(), end.ptr);
  if (fixed && digits.find('.') == digits.npos) digits += ".0";
  return digits;
}

std::string_view to_string(RefusalReason reason) {
  for (const auto& [value, words] : reason_words) {
    if (value == reason) return words;
  }
  return "other";
}

RefusalReason parse_refusal_reason(std::string_view text) {
  for (const auto& [value, words] : reason_words) {
    if (words == text) return value;
  }
  return RefusalReason::other;
}

}  // namespace samoyed::protocol
