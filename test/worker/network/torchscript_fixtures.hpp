#pragma once

#include <string>
#include <vector>

/// TorchScript archives created without Python, for tests.
namespace samoyed::test {

/// A body of `forward(self, x)` whose logits are the means of the red, green and blue planes.
inline const std::string channel_means = "return torch.mean(torch.conv2d(x, self.weight), [2, 3])";

/// Returns an archive of a module whose `forward` has this body. The body may use `self.weight`, a
/// convolution that maps 3 channels to themselves.
std::vector<char> make_torchscript(const std::string& body = channel_means);

}  // namespace samoyed::test
