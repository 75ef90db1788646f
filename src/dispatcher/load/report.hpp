#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "dispatcher/load/tally.hpp"

namespace samoyed::load {

/// What a report tells beside the tally.
struct RunFacts {
  std::string target;
  /// Closed loop, unless there is a rate.
  int clients = 1;
  std::optional<double> rate_per_s{};
  std::uint64_t seed = 1;
  /// What the generator itself used of the machine while measuring: 1 is a whole core.
  double generator_cores = 0;
};

/// For a person, some lines.
std::string format_text(const RunFacts& facts, const Tally& tally);

/// One JSON object on one line; times in milliseconds.
std::string format_json(const RunFacts& facts, const Tally& tally);

}  // namespace samoyed::load
