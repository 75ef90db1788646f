#include "worker/network/model_file.hpp"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <unistd.h>
#include <vector>

#include <catch2/catch.hpp>

#include "worker/network/model_fixtures.hpp"

using samoyed::test::float_bytes;
using samoyed::test::make_model_file;
using samoyed::test::make_zip;
using samoyed::worker::load_model_file;
using samoyed::worker::ModelFile;
using samoyed::worker::parse_model_file;

namespace {

const std::string plain = "expected a plain dict of tensors in torch's zip format";
const std::string convert =
    ", which LibTorch's pickle_load can't read; " + plain + ": run scripts/convert-model IN OUT";

/// Returns a file with one one-dimensional float32 tensor `w`.
std::vector<char> file_with(const std::vector<float>& values) {
  return make_model_file(
      {{"w", {static_cast<std::int64_t>(values.size())}, {1}, float_bytes(values)}});
}

/// Returns a file with this pickle and without tensors.
std::vector<char> file_with_pickle(const std::string& pickle) {
  return make_zip({{"m/data.pkl", "\x80\x02" + pickle + "."}, {"m/version", "3\n"}});
}

std::string error_of(const std::vector<char>& bytes) {
  try {
    parse_model_file(bytes, "m.pth");
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "no error";
}

std::vector<char> bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

}  // namespace

TEST_CASE("a plain dict of tensors is read with its names, shapes and values") {
  const ModelFile file =
      parse_model_file(make_model_file({{"a", {2, 3}, {3, 1}, float_bytes({0, 1, 2, 3, 4, 5})},
                                        {"b", {1}, {1}, float_bytes({7})}}),
                       "m.pth");
  CHECK(file.name == "m.pth");
  CHECK(file.trained);
  REQUIRE(file.tensors.size() == 2);
  CHECK(file.tensors.at("a").shape == std::vector<std::int64_t>{2, 3});
  CHECK(file.tensors.at("a").values == std::vector<float>{0, 1, 2, 3, 4, 5});
  CHECK(file.tensors.at("b").values == std::vector<float>{7});
}

TEST_CASE("a tensor stored in another order is read in row-major order") {
  const auto file = parse_model_file(
      make_model_file({{"w", {3, 2}, {1, 3}, float_bytes({0, 1, 2, 3, 4, 5})}}), "m.pth");
  CHECK(file.tensors.at("w").values == std::vector<float>{0, 3, 1, 4, 2, 5});
}

TEST_CASE("the untrained marker isn't read as a weight") {
  const auto file = parse_model_file(
      make_model_file({{"samoyed.untrained", {1}, {1}, float_bytes({1})}}), "m.pth");
  CHECK_FALSE(file.trained);
  CHECK(file.tensors.empty());
}

TEST_CASE("scripts/make-untrained-model writes a complete, untrained model") {
  const ModelFile file = samoyed::test::make_untrained_model();
  CHECK_FALSE(file.trained);
  CHECK(file.tensors.size() == 52);
  CHECK(file.tensors.at("classifier.1.weight").shape == std::vector<std::int64_t>{1000, 512, 1, 1});
}

TEST_CASE("a file that isn't a model gives an error that says what was expected") {
  const std::string one_key("X\x01\0\0\0k", 6);
  const struct {
    std::vector<char> bytes;
    std::string error;
  } cases[] = {
      {{}, "m.pth: the file is empty; " + plain},
      {bytes_of("version https://git-lfs"), "m.pth: not a torch model file; " + plain},
      {bytes_of("PK\x03\x04 and no more"),
       "m.pth: damaged: its zip directory is missing, as if the file were cut off; " + plain +
           "; fetch or convert the file again"},
      {make_zip({{"some.txt", "text"}}),
       "m.pth: contains an OrderedDict or other Python objects" + convert},
      // pickle.dumps of an OrderedDict with an attribute, as in torchvision's own files.
      {file_with_pickle("ccollections\nOrderedDict\n)R}" + one_key + "K\x01sb"),
       "m.pth: contains an OrderedDict or other Python objects" + convert},
      // The first pickle of torch's older format.
      {bytes_of("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."),
       "m.pth: written in torch's older format, without zip" + convert},
      {file_with_pickle("K\x03"), "m.pth: doesn't contain a dict; " + plain},
      {file_with_pickle("}(" + one_key + "K\x03u"),
       "m.pth: contains more than named tensors; " + plain},
      {file_with_pickle("}(" + one_key + "}u"),
       "m.pth: contains more than named tensors; " + plain},
      {make_model_file({{"w", {2}, {1}, "1234", "HalfStorage", 2}}),
       "m.pth: w is not a dense float32 tensor; expected finite float32 weights"},
      {file_with({1, std::nanf("")}),
       "m.pth: w contains values that are not finite; expected finite float32 weights"},
      {file_with({1, std::numeric_limits<float>::infinity()}),
       "m.pth: w contains values that are not finite; expected finite float32 weights"},
      {make_model_file({{"w", {1 << 25}, {0}, float_bytes({1})}}),
       "m.pth: w is too large; expected finite float32 weights"},
      // A shape and a stride beyond the storage.
      {make_model_file({{"w", {3}, {1}, float_bytes({1, 2})}}),
       "m.pth: w is larger than its data; expected finite float32 weights"},
      {make_model_file({{"w", {2}, {2}, float_bytes({1, 2})}}),
       "m.pth: w is larger than its data; expected finite float32 weights"},
  };
  for (const auto& [bytes, error] : cases) CHECK(error_of(bytes) == error);
}

TEST_CASE("every truncation and every flipped bit of a tensor is detected") {
  const std::vector<char> whole = file_with({61, 62, 63, 64});
  for (std::size_t length = 4; length < whole.size(); ++length) {
    CHECK(error_of({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)}) ==
          "m.pth: damaged: its zip directory is missing, as if the file were cut off; " + plain +
              "; fetch or convert the file again");
  }
  const std::string needle = float_bytes({63});
  std::vector<char> flipped = whole;
  const std::size_t at = std::string_view(flipped.data(), flipped.size()).find(needle);
  REQUIRE(at != std::string_view::npos);
  flipped[at] ^= 1;
  CHECK(error_of(flipped) ==
        "m.pth: damaged: the bytes of its entry m/data/0 don't match their checksum; " + plain +
            "; fetch or convert the file again");
}

TEST_CASE("a file that can't be read gives an error that names it") {
  const auto folder = std::filesystem::temp_directory_path();
  CHECK_THROWS_WITH(
      load_model_file("/nowhere/m.pth"),
      "/nowhere/m.pth: no such file; expected a model file (scripts/fetch-model provides one)");
  CHECK_THROWS_WITH(
      load_model_file(folder),
      folder.string() +
          ": not a regular file; expected a model file (scripts/fetch-model provides one)");

  const auto huge = folder / ("samoyed_huge_" + std::to_string(::getpid()) + ".pth");
  std::ofstream(huge).put('P');
  std::filesystem::resize_file(huge, samoyed::worker::model_file_bytes_max + 1);
  CHECK_THROWS_WITH(
      load_model_file(huge),
      huge.string() +
          ": larger than 64 MiB; expected a model file (scripts/fetch-model provides one)");
  std::filesystem::remove(huge);
}

TEST_CASE("the error for torchvision's own files names the script that converts them") {
  if (std::string(SAMOYED_SHARED_DIR).empty()) {
    WARN("skipped: needs ../shared");
    return;
  }
  const std::string models = std::string(SAMOYED_SHARED_DIR) + "/models/squeezenet1_1";
  const auto error = [](const std::string& path) {
    try {
      load_model_file(path);
    } catch (const std::runtime_error& thrown) {
      return std::string(thrown.what());
    }
    return std::string("no error");
  };
  CHECK(error(models + ".pth") == "no error");
  CHECK(error(models + "-torchvision.pth") ==
        models + "-torchvision.pth: contains an OrderedDict or other Python objects" + convert);
  CHECK(error(models + "-legacy.pth") ==
        models + "-legacy.pth: written in torch's older format, without zip" + convert);
}
