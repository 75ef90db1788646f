#include "io/closest_word.hpp"

#include <algorithm>
#include <utility>

namespace samoyed::io {
namespace {

/// A word may differ from what was typed in one of this many letters.
constexpr std::size_t letters_per_edit = 3;
/// Longer words aren't compared, because the time grows with the product of the lengths.
constexpr std::size_t word_letters_max = 64;
/// A shorter beginning of a word could mean anything.
constexpr std::size_t beginning_letters_min = 3;

}  // namespace

std::size_t edit_distance(std::string_view one, std::string_view other) {
  // Rows of the usual table: distances between the beginnings of `one` and of `other`.
  std::vector<std::size_t> before_last(other.size() + 1);
  std::vector<std::size_t> last(other.size() + 1);
  std::vector<std::size_t> row(other.size() + 1);
  for (std::size_t j = 0; j <= other.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= one.size(); ++i) {
    std::swap(before_last, last);
    std::swap(last, row);
    row[0] = i;
    for (std::size_t j = 1; j <= other.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (one[i - 1] == other[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      const bool swapped =
          i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
  }
  return row.back();
}

std::optional<std::string> closest_word(std::string_view typed,
                                        const std::vector<std::string>& words) {
  if (typed.size() > word_letters_max) return std::nullopt;
  const auto begins = [&](const std::string& word) { return word.starts_with(typed); };
  if (typed.size() >= beginning_letters_min && std::ranges::count_if(words, begins) == 1) {
    return *std::ranges::find_if(words, begins);
  }
  std::optional<std::string> closest;
  std::size_t least = typed.size() / letters_per_edit + 1;
  for (const std::string& word : words) {
    if (const std::size_t distance = edit_distance(typed, word); distance < least) {
      least = distance;
      closest = word;
    }
  }
  return closest;
}

}  // namespace samoyed::io
