#include "worker/network/torchscript_network.hpp"

#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "worker/network/torchscript_fixtures.hpp"

using samoyed::test::channel_means;
using samoyed::test::make_torchscript;
using namespace samoyed::worker;

namespace {

constexpr Size input{.width = 4, .height = 2};

TorchScriptNetwork make_network(const std::string& body) {
  return TorchScriptNetwork(make_torchscript(body), "tiny.pt", {.input = input});
}

std::vector<float> forward(const TorchScriptNetwork& network, const std::vector<float>& planes) {
  return network.forward(planes, [] { return true; });
}

/// Returns planes in which red is 1, green is 2, one half of blue is 8 and the other half 0.
std::vector<float> make_small_planes() {
  std::vector<float> planes;
  for (const float value : {1.0F, 2.0F}) planes.insert(planes.end(), 8, value);
  planes.insert(planes.end(), 4, 8.0F);
  planes.insert(planes.end(), 4, 0.0F);
  return planes;
}

std::string network_error(const std::vector<char>& bytes) {
  try {
    TorchScriptNetwork(bytes, "tiny.pt", {.input = input});
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "no error";
}

const std::string wanted =
    "; expected a classifier that takes 1x3xHEIGHTxWIDTH and returns 1xCLASSES";

}  // namespace

TEST_CASE("a TorchScript archive takes planes of rows") {
  const TorchScriptNetwork network = make_network(channel_means);
  CHECK(network.class_count() == 3);
  CHECK(forward(network, make_small_planes()) == std::vector<float>{1, 2, 4});
  // The first row and the first column tell height and width apart.
  CHECK(forward(make_network("return x[:, :, 0].mean(2)"), make_small_planes()) ==
        std::vector<float>{1, 2, 8});
  CHECK(forward(make_network("return x[:, 2, :, 0]"), make_small_planes()) ==
        std::vector<float>{8, 0});
}

TEST_CASE("if a network returns more than the logits, its first output is used") {
  for (const std::string body : {"return (x.mean([2, 3]), x)", "return [x.mean([2, 3]), x]",
                                 "return ((x.mean([2, 3]), 1), 2)"}) {
    CAPTURE(body);
    CHECK(forward(make_network(body), make_small_planes()) == std::vector<float>{1, 2, 4});
  }
}

TEST_CASE("forward passes of a TorchScript archive on several threads agree") {
  const TorchScriptNetwork network = make_network(channel_means);
  std::vector<std::vector<float>> logits(4);
  {
    std::vector<std::jthread> running;
    for (auto& of_thread : logits) {
      running.emplace_back([&] { of_thread = forward(network, make_small_planes()); });
    }
  }
  for (const auto& of_thread : logits) CHECK(of_thread == std::vector<float>{1, 2, 4});
}

TEST_CASE("an archive that isn't a classifier gives a one-line error") {
  const std::string fails =
      "tiny.pt: the network fails on an input of 1x3x2x4 (--input-size sets another size): ";
  const struct {
    std::string body;
    std::string error;
  } cases[] = {
      {"return x",
       "tiny.pt: the network returns 1x3x2x4 of float for an input of 1x3x2x4" + wanted},
      {"return x.mean()",
       "tiny.pt: the network returns a single number of float for an input of 1x3x2x4" + wanted},
      {"return x.mean([2, 3]).argmax(1, True)",
       "tiny.pt: the network returns 1x1 of long int for an input of 1x3x2x4" + wanted},
      {"return x.reshape(2, 12)",
       "tiny.pt: the network returns 2x12 of float for an input of 1x3x2x4" + wanted},
      {"return {'out': x}",
       fails + "its output (GenericDict) doesn't begin with a tensor" + wanted},
      {"return 3", fails + "its output (Int) doesn't begin with a tensor" + wanted},
      {"assert x.size(2) == 224, 'Wrong image height!'\n  return x",
       fails + "RuntimeError: AssertionError: Wrong image height!" + wanted},
  };
  for (const auto& [body, error] : cases) CHECK(network_error(make_torchscript(body)) == error);
}

TEST_CASE("damage to an archive is found before LibTorch reads it") {
  std::vector<char> archive = make_torchscript();
  archive[archive.size() / 3] ^= 1;
  CHECK_THAT(network_error(archive), Catch::StartsWith("tiny.pt: damaged: ") &&
                                         Catch::EndsWith("; fetch or export the file again"));
  archive.resize(archive.size() / 2);
  CHECK(network_error(archive) ==
        "tiny.pt: damaged: its zip directory is missing, as if the file were cut off; fetch or "
        "export the file again");
}

TEST_CASE("a network that fails on one image works for the next one") {
  const TorchScriptNetwork network =
      make_network("assert bool(x.sum() == 0), 'an image'\n  return x.mean([2, 3])");
  CHECK_THROWS_WITH(forward(network, make_small_planes()),
                    "the network failed: RuntimeError: AssertionError: an image");
  CHECK(forward(network, std::vector<float>(24)) == std::vector<float>{0, 0, 0});
}
