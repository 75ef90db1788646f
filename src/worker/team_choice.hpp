#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>

namespace samoyed::worker {

/// Chooses whether a picture that is alone is computed by two threads or by one, by what took less time of
/// late.
///
/// Which that is depends on the processor's kernels, on whether its cores are whole ones, and on who else
/// wants them: a second thread that waits for its core holds up the first. The first pictures, those of
/// Squeezenet's check, go either way in turn. From then on the faster way is taken, but by one picture in 128 the other is tried again.
///
/// Thread rule: one thread at a time.
class TeamChoice {
 public:
  using Duration = std::chrono::steady_clock::duration;
  enum class Way : std::size_t { team, single };

  /// Of each way, before there is a choice.
  static constexpr int first_runs = 4;
  /// Pictures between two tries of the slower way: less than one in a hundred shall be late for it.
  static constexpr int tried_again_after = 127;

  /// How to compute the next picture.
  Way next() const {
    const Record& team = of(Way::team);
    const Record& single = of(Way::single);
    if (team.runs < first_runs || single.runs < first_runs) {
      return team.runs <= single.runs ? Way::team : Way::single;
    }
    return since_try_ < tried_again_after ? faster() : other(faster());
  }

  /// A picture that was alone from its first step to its last took so long.
  void took(Way way, Duration time) {
    since_try_ = way == faster() ? since_try_ + 1 : 0;
    Record& record = records_[static_cast<std::size_t>(way)];
    // What else the machine does only makes a way slower: a shorter time counts at once, and a longer one, once
    // there is a choice, moves what is expected by a part, and for no more than twice of it.
    if (time < record.expected) {
      record.expected = time;
    } else if (record.runs == first_runs) {
      record.expected += (std::min(time, 2 * record.expected) - record.expected) / 4;
    }
    record.runs = std::min(record.runs + 1, first_runs);
  }

 private:
  struct Record {
    int runs = 0;  ///< Counted up to first_runs.
    Duration expected = Duration::max();
  };

  static Way other(Way way) { return way == Way::team ? Way::single : Way::team; }
  const Record& of(Way way) const { return records_[static_cast<std::size_t>(way)]; }
  Way faster() const {
    return of(Way::team).expected < of(Way::single).expected ? Way::team : Way::single;
  }

  std::array<Record, 2> records_;
  int since_try_ = 0;
};

}  // namespace samoyed::worker
