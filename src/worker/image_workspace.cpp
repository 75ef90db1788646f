#include "worker/image_workspace.hpp"

#include <utility>

namespace samoyed::worker {

ImageWorkspaces::Lease ImageWorkspaces::take() {
  const std::lock_guard lock(mutex_);
  // Room for all to come back, so that giving back can't fail.
  idle_.reserve(idle_.size() + lent_ + 1);
  std::unique_ptr<ImageWorkspace> workspace;
  if (idle_.empty()) {
    workspace = std::make_unique<ImageWorkspace>();
  } else {
    workspace = std::move(idle_.back());
    idle_.pop_back();
  }
  ++lent_;
  return Lease(workspace.release(), Return{this});
}

void ImageWorkspaces::Return::operator()(ImageWorkspace* workspace) const noexcept {
  std::unique_ptr<ImageWorkspace> owned(workspace);
  const std::lock_guard lock(to->mutex_);
  --to->lent_;
  if (owned->held_bytes() <= kept_bytes_max) to->idle_.push_back(std::move(owned));
}

}  // namespace samoyed::worker
