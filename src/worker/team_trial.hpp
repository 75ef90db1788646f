#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>

namespace samoyed::worker {

/// Finds out whether two threads compute one picture sooner than one does on this machine, which depends
/// on the processor's kernels and on whether its cores are whole ones.
///
/// The first pictures go either way in turn. Then the way with the shortest time is taken for good: a
/// machine that others load makes a time longer, never shorter.
///
/// Thread rule: one thread at a time.
class TeamTrial {
 public:
  using Duration = std::chrono::steady_clock::duration;
  enum class Way : std::size_t { team, single };

  /// Of each way.
  static constexpr int runs = 4;

  /// How to compute the next picture.
  Way next() const {
    const Record& team = of(Way::team);
    const Record& single = of(Way::single);
    if (team.runs < runs || single.runs < runs) {
      return team.runs <= single.runs ? Way::team : Way::single;
    }
    return team.shortest < single.shortest ? Way::team : Way::single;
  }

  /// A picture that was alone from its first step to its last took so long.
  void took(Way way, Duration time) {
    Record& record = records_[static_cast<std::size_t>(way)];
    if (record.runs == runs) return;
    ++record.runs;
    record.shortest = std::min(record.shortest, time);
  }

 private:
  struct Record {
    int runs = 0;
    Duration shortest = Duration::max();
  };
  const Record& of(Way way) const { return records_[static_cast<std::size_t>(way)]; }

  std::array<Record, 2> records_;
};

}  // namespace samoyed::worker
