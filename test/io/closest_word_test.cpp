#include "io/closest_word.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

using namespace samoyed::io;

TEST_CASE("the edit distance counts inserted, deleted, replaced and swapped letters") {
  struct Row {
    std::string one, other;
    std::size_t distance;
  };
  for (const auto& [one, other, distance] :
       {Row{"", "", 0}, Row{"", "abc", 3}, Row{"worker", "worker", 0}, Row{"wroker", "worker", 1},
        Row{"port", "prot", 1}, Row{"port", "por", 1}, Row{"port", "ports", 1},
        Row{"port", "pork", 1}, Row{"kitten", "sitting", 3}}) {
    INFO(one << " " << other);
    CHECK(edit_distance(one, other) == distance);
    CHECK(edit_distance(other, one) == distance);
  }
}

TEST_CASE("the word that was meant is close to what was typed, or begins with it") {
  const std::vector<std::string> words{"--worker", "--worker-network", "--port", "--data-dir"};
  CHECK(closest_word("--wroker", words) == "--worker");
  CHECK(closest_word("--prot", words) == "--port");
  CHECK(closest_word("--data", words) == "--data-dir");
  CHECK(closest_word("--worker-net", words) == "--worker-network");
  CHECK_FALSE(closest_word("--verbose-mode", words));
  CHECK_FALSE(closest_word("--", words));
  CHECK_FALSE(closest_word("-x", words));
  CHECK_FALSE(closest_word(std::string(100000, '-'), words));
}
