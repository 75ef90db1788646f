#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>

namespace samoyed::worker {

/// Chooses whether an image that is alone is computed by two threads or by one, by what took less
/// time of late.
///
/// Which that is depends on the processor's kernels, on whether its cores are whole ones, and on
/// who else wants them: a second thread that waits for its core holds up the first. The first
/// images, those of Squeezenet's check, go either way in turn. From then on the faster way is
/// taken, but now and then a image tries the other: after a few at first, since the start of a
/// program tells little, and at last by one image in 128.
///
/// Thread rule: one thread at a time.
class ThreadCountTuner {
 public:
  using Duration = std::chrono::steady_clock::duration;
  enum class Way : std::size_t { two_threads, one_thread };

  /// Of each way, before there is a choice.
  static constexpr int first_runs = 4;
  /// Images between two tries of the slower way: so many before the first, and then twice as many
  /// each time, up to where less than one in a hundred is late for it. The same anew when the
  /// choice changes.
  static constexpr int tried_again_after_min = 7;
  static constexpr int tried_again_after_max = 127;

  /// How to compute the next image.
  Way next() const {
    const Record& team = of(Way::two_threads);
    const Record& single = of(Way::one_thread);
    if (team.runs < first_runs || single.runs < first_runs) {
      return team.runs <= single.runs ? Way::two_threads : Way::one_thread;
    }
    return since_try_ < tried_again_after_ ? faster() : other(faster());
  }

  /// An image that was alone from its first step to its last took so long.
  void took(Way way, Duration time) {
    const Way faster_before = faster();
    Record& record = records_[static_cast<std::size_t>(way)];
    // What else the machine does only makes a way slower: a shorter time counts at once, and a
    // longer one, once there is a choice, moves what is expected by a part, and for no more than
    // twice of it.
    if (time < record.expected) {
      record.expected = time;
    } else if (record.runs == first_runs) {
      record.expected += (std::min(time, 2 * record.expected) - record.expected) / 4;
    }
    if (record.runs < first_runs) {
      ++record.runs;
    } else if (faster() != faster_before) {
      since_try_ = 0;
      tried_again_after_ = tried_again_after_min;
    } else if (way == faster_before) {
      ++since_try_;
    } else {
      since_try_ = 0;
      tried_again_after_ = std::min(2 * tried_again_after_ + 1, tried_again_after_max);
    }
  }

 private:
  struct Record {
    int runs = 0;  ///< Counted up to first_runs.
    Duration expected = Duration::max();
  };

  static Way other(Way way) { return way == Way::two_threads ? Way::one_thread : Way::two_threads; }
  const Record& of(Way way) const { return records_[static_cast<std::size_t>(way)]; }
  Way faster() const {
    return of(Way::two_threads).expected < of(Way::one_thread).expected ? Way::two_threads
                                                                        : Way::one_thread;
  }

  std::array<Record, 2> records_;
  int since_try_ = 0;
  int tried_again_after_ = tried_again_after_min;
};

}  // namespace samoyed::worker
