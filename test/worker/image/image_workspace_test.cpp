#include "worker/image/image_workspace.hpp"

#include <catch2/catch.hpp>

namespace samoyed {

using worker::ImageWorkspace;

TEST_CASE("a workspace that has grown for a huge image is not worth keeping", "[image]") {
  ImageWorkspace workspace;
  workspace.planes.resize(ImageWorkspace::kept_bytes_max);  // These are the same for every image.
  workspace.pixels.resize(1000);
  CHECK(workspace.is_worth_keeping());
  workspace.pixels.resize(ImageWorkspace::kept_bytes_max + 1);
  CHECK_FALSE(workspace.is_worth_keeping());
}

}  // namespace samoyed
