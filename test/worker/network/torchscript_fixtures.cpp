#include "worker/network/torchscript_fixtures.hpp"

#include <sstream>

#include <ATen/ATen.h>
#include <torch/csrc/jit/api/module.h>

namespace samoyed::test {

std::vector<char> make_torchscript(const std::string& body) {
  torch::jit::Module module("tiny");
  module.register_parameter("weight", at::eye(3).reshape({3, 3, 1, 1}), /*is_buffer=*/false);
  module.define("def forward(self, x):\n  " + body + "\n");
  std::ostringstream archive;
  module.save(archive);
  const std::string bytes = archive.str();
  return {bytes.begin(), bytes.end()};
}

}  // namespace samoyed::test
