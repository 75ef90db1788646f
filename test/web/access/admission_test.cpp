#include "web/access/admission.hpp"

#include <optional>
#include <vector>

#include <catch2/catch.hpp>

namespace samoyed::web {
namespace {

using Ticket = Admission::Ticket;

std::optional<Ticket> enter(Admission& admission, const std::string& client) {
  auto entered = admission.enter(client);
  if (!std::holds_alternative<Ticket>(entered)) return std::nullopt;
  return std::get<Ticket>(std::move(entered));
}

TEST_CASE("uploads are limited in total and per client, and places are given back") {
  Admission admission({.requests_max = 3, .requests_per_client_max = 2, .bytes_max = 100});
  auto first = enter(admission, "a");
  auto second = enter(admission, "a");
  REQUIRE(first);
  REQUIRE(second);
  CHECK(std::get<Reason>(admission.enter("a")) == Reason::client_limit);
  auto third = enter(admission, "b");
  REQUIRE(third);
  CHECK(std::get<Reason>(admission.enter("c")) == Reason::overloaded);
  // The reason that a client can do something about comes first.
  CHECK(std::get<Reason>(admission.enter("a")) == Reason::client_limit);
  CHECK(admission.requests() == 3);

  first.reset();
  CHECK(enter(admission, "c"));
  CHECK(enter(admission, "a"));
  CHECK(admission.requests() == 2);
}

TEST_CASE("bytes count while they are held") {
  Admission admission({.requests_max = 9, .requests_per_client_max = 9, .bytes_max = 100});
  auto a = enter(admission, "a");
  auto b = enter(admission, "b");
  CHECK(a->hold(60));
  CHECK(b->hold(40));
  CHECK(admission.bytes() == 100);
  CHECK(!b->hold(41));
  CHECK(admission.bytes() == 100);
  CHECK(std::get<Reason>(admission.enter("c")) == Reason::overloaded);
  CHECK(a->hold(10));
  CHECK(b->hold(90));
  CHECK(!a->hold(~std::uint64_t{0}));
  b.reset();
  CHECK(admission.bytes() == 10);
  CHECK(a->hold(100));
  a.reset();
  CHECK(admission.bytes() == 0);
}

TEST_CASE("a client that announces much and sends nothing takes no bytes from others") {
  Admission admission({.requests_max = 9, .requests_per_client_max = 9, .bytes_max = 100});
  std::vector<Ticket> stalled;
  for (int i = 0; i < 8; ++i) stalled.push_back(std::move(*enter(admission, "slow")));
  auto quick = enter(admission, "quick");
  REQUIRE(quick);
  CHECK(quick->hold(100));
}

TEST_CASE("a moved ticket gives its place back once") {
  Admission admission({.requests_max = 1, .requests_per_client_max = 1, .bytes_max = 100});
  {
    auto first = enter(admission, "a");
    CHECK(first->hold(30));
    const Ticket moved = std::move(*first);
    first.reset();
    CHECK(admission.requests() == 1);
    CHECK(admission.bytes() == 30);
  }
  CHECK(admission.requests() == 0);
  CHECK(admission.bytes() == 0);
  CHECK(enter(admission, "a"));
}

}  // namespace
}  // namespace samoyed::web
