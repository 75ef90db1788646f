#include "worker/model/labels.hpp"

#include <algorithm>
#include <cstddef>
#include <stdexcept>

#include "samoyed/protocol/ascii.hpp"
#include "samoyed/protocol/utf8.hpp"
#include "worker/model/file_bytes.hpp"

namespace samoyed::worker {
namespace {

constexpr std::size_t labels_bytes_max = std::size_t{4} << 20;

/// Whether the text contains the end of a protocol message: SP "-" 4DIGIT.
bool holds_message_end(std::string_view text) {
  for (std::size_t at = text.find(" -"); at != text.npos; at = text.find(" -", at + 1)) {
    const std::string_view digits = text.substr(at + 2, 4);
    if (digits.size() == 4 && std::ranges::all_of(digits, protocol::is_digit)) return true;
  }
  return false;
}

/// `text` must be valid UTF-8.
bool holds_control(std::string_view text) {
  while (!text.empty()) {
    const std::string_view sequence = text.substr(0, protocol::utf8_sequence_length(text));
    if (protocol::is_control(sequence)) return true;
    text.remove_prefix(sequence.size());
  }
  return false;
}

}  // namespace

std::string_view find_label_fault(std::string_view label) {
  if (label.empty()) return "the line is empty; write one label on each line";
  if (!protocol::is_utf8(label)) return "not UTF-8; save the file as UTF-8";
  if (holds_control(label)) {
    return "the label contains a control character; write plain text with LF line breaks";
  }
  if (label.find_first_of(",:") != label.npos) {
    return "the label contains ',' or ':', which separate labels in a result; remove it";
  }
  if (label == "error") return "the label `error` marks an error in a result; change it";
  if (holds_message_end(label)) {
    return "the label contains a space, '-' and four digits, which end a message; change it";
  }
  return {};
}

std::vector<std::string> parse_labels(std::string_view text, std::string_view source) {
  std::vector<std::string> labels;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    labels.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (const std::string_view fault = find_label_fault(labels.back()); !fault.empty()) {
      throw std::runtime_error(std::string(source) + ":" + std::to_string(labels.size()) + ": " +
                               std::string(fault));
    }
  }
  if (labels.empty()) {
    throw std::runtime_error(std::string(source) + ": no labels; write one on each line");
  }
  return labels;
}

std::vector<std::string> load_labels(const std::filesystem::path& path) {
  const std::vector<char> bytes = read_whole_file(path, labels_bytes_max, "a labels file");
  return parse_labels({bytes.data(), bytes.size()}, path.string());
}

}  // namespace samoyed::worker
