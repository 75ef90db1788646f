#include "web/http/accept.hpp"

#include <algorithm>
#include <string>

#include "web/http/http_message.hpp"

namespace samoyed::web {
namespace {

constexpr int quality_max = 1000;

/// Cuts `text` at the first `separator` and returns what is before it, without blanks.
std::string_view cut(std::string_view& text, char separator) {
  const std::size_t at = std::min(text.find(separator), text.size());
  const std::string_view head = trimmed(text.substr(0, at));
  text.remove_prefix(std::min(at + 1, text.size()));
  return head;
}

/// Reads `0.8` as 800. Anything that is no such number is 1, because the client named the type.
int read_quality(std::string_view text) {
  const bool one = text.starts_with('1');
  if (!one && !text.starts_with('0')) return quality_max;
  if (one || text.size() < 2 || text[1] != '.') return one ? quality_max : 0;
  int quality = 0;
  for (std::size_t i = 2; i < 5; ++i) {
    const char digit = i < text.size() ? text[i] : '0';
    if (digit < '0' || digit > '9') return quality_max;
    quality = 10 * quality + (digit - '0');
  }
  return quality;
}

/// One entry of such a field: a name, and how much the client wants it.
struct Entry {
  std::string_view name;
  int quality = quality_max;
};

Entry read_entry(std::string_view text) {
  Entry entry{cut(text, ';')};
  while (!text.empty()) {
    const std::string_view parameter = cut(text, ';');
    if (equal_ignoring_case(parameter.substr(0, 2), "q=")) {
      entry.quality = read_quality(parameter.substr(2));
    }
  }
  return entry;
}

/// Returns how exactly an entry names a media type, or -1 if it doesn't.
int precision_of(std::string_view name, std::string_view media_type) {
  if (equal_ignoring_case(name, media_type)) return 2;
  if (name == "*/*") return 0;
  const std::size_t slash = media_type.find('/') + 1;
  const bool whole_type = name.size() == slash + 1 && name.ends_with('*') &&
                          equal_ignoring_case(name.substr(0, slash), media_type.substr(0, slash));
  return whole_type ? 1 : -1;
}

}  // namespace

Acceptance acceptance_of(std::string_view accept, std::string_view media_type) {
  if (trimmed(accept).empty()) return {quality_max, 0};
  Acceptance acceptance{0, -1};
  while (!accept.empty()) {
    const Entry entry = read_entry(cut(accept, ','));
    const int precision = precision_of(entry.name, media_type);
    if (precision > acceptance.precision) acceptance = {entry.quality, precision};
  }
  acceptance.precision = std::max(acceptance.precision, 0);
  return acceptance;
}

bool accepts_gzip(std::string_view accept_encoding) {
  int gzip = -1;
  int any = 0;
  while (!accept_encoding.empty()) {
    const Entry entry = read_entry(cut(accept_encoding, ','));
    const bool named =
        equal_ignoring_case(entry.name, "gzip") || equal_ignoring_case(entry.name, "x-gzip");
    if (named) gzip = std::max(gzip, entry.quality);
    if (entry.name == "*") any = entry.quality;
  }
  return (gzip >= 0 ? gzip : any) > 0;
}

}  // namespace samoyed::web
