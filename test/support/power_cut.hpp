#pragma once

#include <filesystem>

namespace samoyed::test {

/// Shows what a power cut would leave of an empty folder: nothing that was not synced.
///
/// While an object of this class exists, fsync(2) and fdatasync(2) of the whole process, SQLite's
/// included, also note what is on disk from then on: the content of a file, or the names in a
/// folder. A file whose content was never synced is empty after a power cut; one whose name was
/// never synced is missing. Real disks may keep more.
///
/// A test links `samoyed_power_cut` for this. Thread rule: one object at a time; any thread may
/// sync.
class PowerCut {
 public:
  explicit PowerCut(const std::filesystem::path& folder);
  ~PowerCut();
  PowerCut(const PowerCut&) = delete;
  PowerCut& operator=(const PowerCut&) = delete;

  /// Fills another empty folder with what a power cut at this moment would leave. Nothing is lost
  /// in the folder itself.
  void leave(const std::filesystem::path& remains) const;

 private:
  std::filesystem::path folder_;
};

}  // namespace samoyed::test
