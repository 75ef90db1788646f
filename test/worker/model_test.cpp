#include "worker/model.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "worker/model_fixtures.hpp"

using samoyed::test::make_squeezenet;
using samoyed::worker::make_squeezenet_model;
using samoyed::worker::Model;
using samoyed::worker::ModelFile;

namespace {

const std::vector<std::string> four_labels = {"ant", "bee", "cat", "dog"};

}  // namespace

TEST_CASE("a SqueezeNet comes with its name, its labels and whether it was trained") {
  ModelFile file = make_squeezenet(true, 4);
  file.trained = false;
  const Model model = make_squeezenet_model(file, four_labels);
  CHECK(model.name == "squeezenet1_1");
  CHECK(model.labels == four_labels);
  CHECK_FALSE(model.trained);
  CHECK(model.network->class_count() == 4);
}

TEST_CASE("labels of another network are an error that names both numbers") {
  CHECK_THROWS_WITH(make_squeezenet_model(make_squeezenet(true, 3), four_labels),
                    "arithmetic.pth: the network has 3 classes, but there are 4 labels; give the "
                    "labels file that belongs to it (--labels)");
}
