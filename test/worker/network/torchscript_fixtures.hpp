#pragma once

#include <string>
#include <vector>

/// TorchScript archives made without Python, for the tests.
namespace samoyed::test {

/// The body of `forward(self, x)`: the classes' logits are the means of the red, green and blue
/// plane.
inline const std::string channel_means = "return torch.mean(torch.conv2d(x, self.weight), [2, 3])";

/// An archive of a module with that body, which may use `self.weight`: it maps 3 channels to
/// themselves.
std::vector<char> make_torchscript(const std::string& body = channel_means);

}  // namespace samoyed::test
