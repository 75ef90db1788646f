#include "worker/image_workspace.hpp"

#include <catch2/catch.hpp>

namespace samoyed {

using worker::ImageWorkspace;
using worker::ImageWorkspaces;

TEST_CASE("a workspace that was given back is lent again", "[image]") {
  ImageWorkspaces workspaces;
  const ImageWorkspace* first = nullptr;
  {
    const auto lease = workspaces.take();
    first = lease.get();
    lease->pixels.resize(1000);
  }
  const auto again = workspaces.take();
  CHECK(again.get() == first);
  CHECK(again->pixels.capacity() >= 1000);
}

TEST_CASE("each of two images at a time has a workspace of its own", "[image]") {
  ImageWorkspaces workspaces;
  const auto one = workspaces.take();
  const auto other = workspaces.take();
  CHECK(one.get() != other.get());
}

TEST_CASE("a workspace that a huge picture has filled is not kept", "[image]") {
  ImageWorkspaces workspaces;
  workspaces.take()->pixels.resize(ImageWorkspaces::kept_bytes_max + 1);
  const auto fresh = workspaces.take();
  CHECK(fresh->pixels.capacity() == 0);
  CHECK(fresh->held_bytes() < ImageWorkspaces::kept_bytes_max);
}

}  // namespace samoyed
