#pragma once

namespace samoyed::dispatcher {

/// How often a worker failed lately on images that another worker recognized. Such an image proves
/// that the worker is at fault, not the image.
class FaultRecord {
 public:
  void succeeded() {
    in_a_row_ = 0;
    in_a_row_max_ = faults_in_a_row_max;
    count(0);
  }
  void failed() {
    ++in_a_row_;
    count(1);
  }

  /// Call this when the worker is ejected. After its return, its first image decides: one more
  /// fault ejects it again.
  void ejected() { *this = FaultRecord(1); }

  /// The share of faults among the last images, 0..1.
  double share() const { return share_; }

  /// True if the worker is worse than the others, whose mean share is `others_share`.
  bool is_outlier(double others_share) const {
    if (in_a_row_ >= in_a_row_max_) return true;
    return images_ >= images_min && share_ >= share_min && share_ >= 3 * others_share;
  }

  FaultRecord() = default;

 private:
  /// Faults in a row that make an outlier.
  static constexpr int faults_in_a_row_max = 5;
  /// A share is judged after this many images, from this size on.
  static constexpr int images_min = 20;
  static constexpr double share_min = 0.2;
  /// The weight of the newest image.
  static constexpr double newest_weight = 0.05;

  explicit FaultRecord(int in_a_row_max) : in_a_row_max_(in_a_row_max) {}

  void count(double fault) {
    if (images_ < images_min) ++images_;
    share_ += newest_weight * (fault - share_);
  }

  int in_a_row_ = 0;
  int in_a_row_max_ = faults_in_a_row_max;
  int images_ = 0;
  double share_ = 0;
};

}  // namespace samoyed::dispatcher
