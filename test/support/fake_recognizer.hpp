#pragma once

#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <string>

#include "support/bytes.hpp"
#include "support/wait.hpp"
#include "worker/serving/recognizer.hpp"

namespace samoyed::test {

/// Returns an image's bytes as its label. A thumbnail begins like a JPEG file and ends with the
/// requested side in pixels. While it is closed, it holds images back. The image `throw` makes it
/// throw.
class FakeRecognizer final : public worker::Recognizer {
 public:
  const worker::ModelDescription& description() const override { return description_; }

  protocol::Result recognize(std::span<const std::byte> image_file,
                             const worker::RecognitionOptions& options) override {
    const Wait wait = Wait::unbounded("the test to let the recognizer go on");
    std::unique_lock lock(mutex_);
    ++started_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
    const std::string label(as_text(image_file));
    if (label == "throw") throw std::runtime_error("out of everything");
    protocol::Recognition recognition;
    recognition.top = {{label, 0, 1.0}};
    recognition.times = protocol::PhaseTimes{};
    if (options.thumbnail_side) {
      recognition.thumbnail = "\xFF\xD8\xFF" + std::to_string(*options.thumbnail_side);
    }
    return recognition;
  }

  void close() { set_open(false); }
  void open() { set_open(true); }

  /// Number of images whose recognition has started.
  int started() {
    const std::lock_guard lock(mutex_);
    return started_;
  }

  /// Waits until the recognition of `count` images has started.
  void wait_for_started(int count) {
    const Wait wait("the recognition of " + std::to_string(count) + " images to start");
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return started_ >= count; });
  }

 private:
  void set_open(bool open) {
    const std::lock_guard lock(mutex_);
    open_ = open;
    changed_.notify_all();
  }

  const worker::ModelDescription description_{"fake", 1, true};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = true;
  int started_ = 0;
};

/// Opens a recognizer at the end of a test, also if the test fails, so that its queue can end.
class OpensAtEnd {
 public:
  explicit OpensAtEnd(FakeRecognizer& recognizer) : recognizer_(recognizer) {}
  ~OpensAtEnd() { recognizer_.open(); }
  OpensAtEnd(const OpensAtEnd&) = delete;
  OpensAtEnd& operator=(const OpensAtEnd&) = delete;

 private:
  FakeRecognizer& recognizer_;
};

}  // namespace samoyed::test
