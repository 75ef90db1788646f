#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>

namespace samoyed::worker {

/// Chooses whether a lone image is computed by two threads or by one, whichever has recently been
/// faster.
///
/// Which one is faster depends on the processor's kernels, on whether its cores are hyperthreads,
/// and on what else runs on them: a second thread that waits for its core delays the first. The
/// first images, those of Squeezenet's check, alternate between the two ways. After that, images
/// take the faster way, but now and then one tries the other way: after a few images at first,
/// because a program's start is not representative, and in the end one image in 128.
///
/// Benefit: on 2 cores of an AMD EPYC that a dozen other processes competed for, the median forward
/// pass of a lone image took 11.8 ms, and 13.4 ms with two threads always (`next` changed to always
/// return that). On free cores the tuner costs nothing (3.47 and 3.46 ms). Measured with
/// `samoyed_bench forward --shared`, 13 and 7 alternating rounds.
///
/// Not thread-safe: use from one thread at a time.
class ThreadCountTuner {
 public:
  using Duration = std::chrono::steady_clock::duration;
  enum class Way : std::size_t { two_threads, one_thread };

  /// Runs of each way before the tuner chooses.
  static constexpr int first_runs = 4;
  /// The slower way is tried again after a number of images. This number is the minimum at first
  /// and roughly doubles with each try, up to the maximum, with which fewer than one image in a
  /// hundred is slowed down. It starts over when the choice changes.
  static constexpr int tried_again_after_min = 7;
  static constexpr int tried_again_after_max = 127;

  /// Returns how to compute the next image.
  Way next() const {
    const Record& two = of(Way::two_threads);
    const Record& one = of(Way::one_thread);
    if (two.runs < first_runs || one.runs < first_runs) {
      return two.runs <= one.runs ? Way::two_threads : Way::one_thread;
    }
    return since_try_ < tried_again_after_ ? faster() : other(faster());
  }

  /// Records the time of an image that was the only one in flight from its first step to its last.
  void took(Way way, Duration time) {
    const Way faster_before = faster();
    Record& record = records_[static_cast<std::size_t>(way)];
    // Other work on the machine only makes a way slower, so a shorter time becomes the expectation
    // at once. A longer time counts only after the first runs. It is capped at twice the
    // expectation, and moves it by a quarter of the difference.
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
