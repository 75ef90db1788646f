#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>

namespace samoyed::worker {

/// Chooses whether a lone image is computed by two threads or by one: the way that recently took
/// less time.
///
/// That depends on the processor's kernels, on whether its cores are hyperthreads, and on what else
/// runs on them: a second thread that waits for its core delays the first. The first images, those
/// of Squeezenet's check, go either way in turn. From then on the faster way is taken, but now and
/// then an image tries the other: after a few at first, since the start of a program says little,
/// and in the end one image in 128.
///
/// Its worth: on 2 cores of an AMD EPYC that a dozen other processes wanted, the median forward of
/// a lone image took 11.8 ms, with two threads always (`next` returning that) 13.4 ms; on free
/// cores it costs nothing (3.47 and 3.46 ms). Measured by `samoyed_bench forward --shared`, 13 and
/// 7 rounds in turns.
///
/// Thread rule: one thread at a time.
class ThreadCountTuner {
 public:
  using Duration = std::chrono::steady_clock::duration;
  enum class Way : std::size_t { two_threads, one_thread };

  /// Runs of each way before there is a choice.
  static constexpr int first_runs = 4;
  /// Images between two attempts of the slower way: the minimum before the first, then twice as
  /// many each time, up to the maximum, with which fewer than one image in a hundred is late.
  /// Starts over when the choice changes.
  static constexpr int tried_again_after_min = 7;
  static constexpr int tried_again_after_max = 127;

  /// How to compute the next image.
  Way next() const {
    const Record& two = of(Way::two_threads);
    const Record& one = of(Way::one_thread);
    if (two.runs < first_runs || one.runs < first_runs) {
      return two.runs <= one.runs ? Way::two_threads : Way::one_thread;
    }
    return since_try_ < tried_again_after_ ? faster() : other(faster());
  }

  /// Records the time of an image that was alone from its first step to its last.
  void took(Way way, Duration time) {
    const Way faster_before = faster();
    Record& record = records_[static_cast<std::size_t>(way)];
    // Other work on the machine only makes a way slower: a shorter time counts at once. A longer
    // one, once there is a choice, moves the expectation by a quarter of the difference, counted as
    // at most twice the expectation.
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
