#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace samoyed::io {

/// Returns how many letters must be inserted, deleted, replaced or swapped with their neighbor to
/// turn one word into the other (the optimal string alignment distance).
std::size_t edit_distance(std::string_view one, std::string_view other);

/// Returns the word that was probably meant by `typed`: the only one that begins with it, or the
/// first of the closest ones if they differ in at most a third of its letters.
std::optional<std::string> closest_word(std::string_view typed,
                                        const std::vector<std::string>& words);

}  // namespace samoyed::io
