#include "web/http/request_check.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "samoyed/protocol/ascii.hpp"
#include "web/http/url.hpp"

namespace samoyed::web {
namespace {

using protocol::is_digit;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

Problem bad_request(std::string sentence) { return {Reason::bad_request, std::move(sentence)}; }

bool is_forbidden_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\r' && c != '\n' && c != '\t') || byte == 0x7f;
}

/// Loosely checks for `uri-host [ ":" port ]` of RFC 3986: only characters that may appear there
/// pass. Whether the host is allowed is checked later.
bool is_host_value(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) {
    constexpr std::string_view others = "-._~%!$&'()*+;=:[]";
    return is_letter(c) || is_digit(c) || others.find(c) != others.npos;
  });
}

std::optional<Problem> check_framing(const Request& head) {
  const std::size_t encodings = count_fields(head.fields, "Transfer-Encoding");
  const std::size_t lengths = count_fields(head.fields, "Content-Length");
  if (lengths > 1) return bad_request("Content-Length must appear only once.");
  // The parser behind this check rejects most of these texts too, but which ones depends on its
  // version, and a proxy in front may read the others differently.
  if (lengths == 1) {
    const std::string_view length = find_field(head.fields, "Content-Length");
    const bool number = !length.empty() && std::all_of(length.begin(), length.end(),
                                                       [](char c) { return is_digit(c); });
    if (!number) return bad_request("Content-Length must be a number.");
  }
  if (encodings == 0) return std::nullopt;
  if (lengths > 0) {
    return bad_request("Transfer-Encoding and Content-Length must not appear together.");
  }
  if (head.version < 11) return bad_request("HTTP/1.0 doesn't support Transfer-Encoding.");
  const std::string_view coding = find_field(head.fields, "Transfer-Encoding");
  if (encodings > 1 || !equal_ignoring_case(coding, "chunked")) {
    return bad_request("The only supported Transfer-Encoding is `chunked`, given once.");
  }
  return std::nullopt;
}

std::optional<Problem> check_host(const Request& head) {
  const std::size_t hosts = count_fields(head.fields, "Host");
  if (hosts > 1) return bad_request("Host must appear only once.");
  if (hosts == 0 && head.version >= 11) return bad_request("HTTP/1.1 requires the field Host.");
  if (!is_host_value(find_field(head.fields, "Host"))) {
    return bad_request("Host must be a name or an address, optionally with a port.");
  }
  // RFC 9112, section 3.2.2: the target's host replaces Host, so it must meet the same rules.
  const auto target = parse_target(head.target);
  const bool absolute = target && target->authority;
  if (absolute && (target->authority->empty() || !is_host_value(*target->authority))) {
    return bad_request("The target must name a host, optionally with a port.");
  }
  return std::nullopt;
}

}  // namespace

HeaderScan::State HeaderScan::scan(std::string_view bytes) {
  while (position_ < bytes.size()) {
    const char before = position_ == 0 ? '\0' : bytes[position_ - 1];
    const char c = bytes[position_];
    if ((before == '\r') != (c == '\n') || is_forbidden_control(c)) return State::bad;
    const bool folded = before == '\n' && (c == ' ' || c == '\t');
    if (folded) return State::bad;
    ++position_;
    if (c != '\n') continue;
    const bool empty_line = position_ - line_begin_ == 2;
    if (empty_line) return State::complete;
    line_begin_ = position_;
  }
  return State::need_more;
}

bool is_clean_framing(std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const char c = bytes[i];
    if (is_forbidden_control(c)) return false;
    if (c == '\n' && i > 0 && bytes[i - 1] != '\r') return false;
    if (i + 1 == bytes.size()) break;
    const char after = bytes[i + 1];
    const bool folded = c == '\n' && (after == ' ' || after == '\t');
    if ((c == '\r' && after != '\n') || folded) return false;
  }
  return true;
}

bool names_http_version(std::string_view header) {
  const std::string_view line = header.substr(0, header.find('\r'));
  constexpr std::string_view form = " HTTP/d.d";
  if (line.size() < form.size() || std::count(line.begin(), line.end(), ' ') != 2) return false;
  const std::string_view end = line.substr(line.size() - form.size());
  return std::equal(form.begin(), form.end(), end.begin(),
                    [](char wanted, char c) { return wanted == 'd' ? is_digit(c) : wanted == c; });
}

std::optional<Problem> check_head(const Request& head) {
  if (auto problem = check_framing(head)) return problem;
  return check_host(head);
}

}  // namespace samoyed::web
