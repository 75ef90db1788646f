#include "web/forms/form_scanner.hpp"

#include <algorithm>
#include <utility>

#include "web/forms/form_header.hpp"

namespace samoyed::web {
namespace {

/// Blanks after a boundary, which RFC 2046 allows.
constexpr std::size_t padding_bytes_max = 1024;

}  // namespace

FormScanner::FormScanner(std::string_view boundary)
    : delimiter_("\r\n--" + std::string(boundary)) {}

std::optional<FormError> FormScanner::scan(std::string_view piece) {
  // A body in one piece is not copied.
  std::string_view text = piece;
  if (!rest_.empty()) {
    rest_ += piece;
    text = rest_;
  }
  std::size_t used = 0;
  if (auto error = advance(text, used)) return error;
  offset_ += used;
  rest_ = std::string(text.substr(used));
  return std::nullopt;
}

std::optional<FormError> FormScanner::finish() const {
  if (state_ == State::done) return std::nullopt;
  if (state_ == State::header) return rest_.find('\n') == rest_.npos ? incomplete() : lf_lines();
  if (lf_lines_) return lf_lines();
  if (state_ == State::content) return incomplete();
  return FormError{"The form doesn't begin with the boundary that Content-Type names."};
}

/// Reads as much of the text as it can, and sets `used` to its size.
std::optional<FormError> FormScanner::advance(std::string_view text, std::size_t& used) {
  while (state_ != State::done) {
    if (state_ == State::header) {
      bool stuck = false;
      if (auto error = read_header(text, used, stuck)) return error;
      if (stuck) return std::nullopt;
      continue;
    }
    const Search search = find_delimiter(text.substr(used));
    if (state_ == State::content) {
      // In an empty part, the CRLF that ends the header may also begin the delimiter.
      ScannedPart& part = parts_.back();
      part.size = std::max(offset_ + used + search.begin, part.begin) - part.begin;
      if (!part.file_name) keep(part, text.substr(used, search.begin), offset_ + used);
    }
    const bool found = search.found == Found::delimiter || search.found == Found::last_delimiter;
    used += found ? search.end : search.begin;
    if (!found) return std::nullopt;
    state_ = search.found == Found::delimiter ? State::header : State::done;
  }
  used = text.size();
  return std::nullopt;
}

std::optional<FormError> FormScanner::read_header(std::string_view text, std::size_t& used,
                                                  bool& stuck) {
  if (parts_.size() == form_parts_max) {
    return FormError{"The form has too many parts (limit " + std::to_string(form_parts_max) +
                     "). Send fewer pictures at a time."};
  }
  const std::string_view header = text.substr(used);
  const std::size_t end = header.starts_with("\r\n") ? 0 : header.find("\r\n\r\n");
  // Only a whole header is read, because it may arrive in many pieces.
  if (end == header.npos && header.size() < part_header_bytes_max) {
    stuck = true;
    return std::nullopt;
  }
  auto read = read_part_header(header);
  if (auto* error = std::get_if<FormError>(&read)) return std::move(*error);
  ScannedPart part;
  if (auto error = read_names(std::get<PartHeader>(read), part)) return error;
  if (part.file_name && ++files_ > form_files_max) {
    return FormError{"The form has too many pictures (limit " + std::to_string(form_files_max) +
                     "). Send fewer at a time."};
  }
  used += std::get<PartHeader>(read).length;
  part.begin = offset_ + used;
  parts_.push_back(std::move(part));
  used -= 2;  // The search begins at the CRLF that ends the header.
  state_ = State::content;
  return std::nullopt;
}

/// Keeps content that begins at the body's byte `begin`, which may be before the part's.
void FormScanner::keep(ScannedPart& part, std::string_view content, std::uint64_t begin) {
  const std::uint64_t before = std::max(part.begin, begin) - begin;
  content.remove_prefix(std::min<std::uint64_t>(before, content.size()));
  part.text += content.substr(0, field_bytes_max - part.text.size());
}

/// Searches the first delimiter. If there is none, `begin` is where one may still begin.
FormScanner::Search FormScanner::find_delimiter(std::string_view text) {
  const std::string_view line = std::string_view(delimiter_).substr(2);
  const bool at_start = state_ == State::preamble && offset_ == 0;
  if (at_start && (text.starts_with(line) || line.starts_with(text))) {
    const Search search =
        text.size() < line.size() ? Search{Found::too_little} : read_end(text, 0, line.size());
    if (search.found != Found::nothing) return search;
    if (text.substr(line.size(), 1) == "\n") lf_lines_ = true;
  }
  const std::string_view after_cr = std::string_view(delimiter_).substr(1);
  for (std::size_t at = text.find(after_cr); at != text.npos; at = text.find(after_cr, at + 1)) {
    if (at == 0 || text[at - 1] != '\r') {
      lf_lines_ = true;
      continue;
    }
    const Search search = read_end(text, at - 1, at + after_cr.size());
    if (search.found != Found::nothing) return search;
  }
  // The text may end within a delimiter. At the start, all of it is kept until it is long enough.
  const std::size_t kept = std::min(text.size(), delimiter_.size() - 1);
  return {Found::too_little, text.size() - kept, 0};
}

/// Returns what follows a boundary that ends at `end`: a delimiter, or nothing of it.
FormScanner::Search FormScanner::read_end(std::string_view text, std::size_t begin,
                                          std::size_t end) const {
  if (text.substr(end, 2) == "--") return {Found::last_delimiter, begin, end + 2};
  const std::string_view after = text.substr(end, padding_bytes_max + 1);
  const std::size_t padding = std::min(after.find_first_not_of(" \t"), after.size());
  const std::string_view line_end = text.substr(end + padding, 2);
  if (line_end == "\r\n") return {Found::delimiter, begin, end + padding + 2};
  const bool cut = line_end.empty() || line_end == "\r" || (padding == 0 && line_end == "-");
  return {cut && padding <= padding_bytes_max ? Found::too_little : Found::nothing, begin, 0};
}

}  // namespace samoyed::web
