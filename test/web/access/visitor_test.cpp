#include "web/access/visitor.hpp"

#include <catch2/catch.hpp>

namespace samoyed::web {
namespace {

const std::string id = "0123456789abcdef0123456789abcdef";

TEST_CASE("a visitor is identified by the cookie from an earlier visit") {
  CHECK(find_visitor({{"Cookie", "a=b; samoyed_visitor=" + id}}) == id);
  CHECK(find_visitor({{"cookie", "samoyed_visitor=x"}, {"Cookie", "samoyed_visitor=" + id}}) == id);
  CHECK(!find_visitor({}));
  const std::string bad = GENERATE("", "-", "address 192.0.2.1", "0123456789ABCDEF0123456789ABCDEF",
                                   "0123456789abcdef0123456789abcdef0");
  INFO(bad);
  CHECK(!find_visitor({{"Cookie", "samoyed_visitor=" + bad}}));
}

TEST_CASE("the cookie lasts a year and is hidden from scripts and other sites' forms") {
  CHECK(keep_visitor(id, false).value ==
        "samoyed_visitor=" + id + "; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000");
  CHECK(keep_visitor(id, true).value.ends_with("; Secure"));
}

}  // namespace
}  // namespace samoyed::web
