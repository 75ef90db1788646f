#include "web/http/accept.hpp"

#include <catch2/catch.hpp>

namespace samoyed::web {
namespace {

TEST_CASE("the most precise entry of a field Accept counts") {
  struct Case {
    std::string_view accept;
    std::string_view type;
    int quality;
    int precision;
  };
  const auto one = GENERATE(values<Case>({
      {"", "text/html", 1000, 0},
      {" ", "text/html", 1000, 0},
      {"*/*", "text/html", 1000, 0},
      {"text/*;q=0.5, */*;q=0.1", "text/html", 500, 1},
      {"*/*;q=0.8, TEXT/HTML", "text/html", 1000, 2},
      {"text/html;level=1;q=0.25, */*", "text/html", 250, 2},
      {"text/html ; Q=0 ,*/*", "text/html", 0, 2},
      {"application/json", "text/html", 0, 0},
      {"text/htmlx, ext/*", "text/html", 0, 0},
      {"text/html;q=nonsense", "text/html", 1000, 2},
      {"text/html;q=0.1234", "text/html", 123, 2},
      {"text/html;q=1.000", "text/html", 1000, 2},
      {",,;q=1,", "text/html", 0, 0},
  }));
  INFO(one.accept);
  const Acceptance found = acceptance_of(one.accept, one.type);
  CHECK(found.quality == one.quality);
  CHECK(found.precision == one.precision);
}

TEST_CASE("gzip is accepted if it is named, or everything is, with a quality above 0") {
  for (const std::string_view field :
       {"gzip", "deflate, GZIP;q=0.1", "*", "x-gzip", "br, *;q=0.5"}) {
    INFO(field);
    CHECK(accepts_gzip(field));
  }
  for (const std::string_view field :
       {"", "identity", "gzip;q=0", "*, gzip;q=0.0", "*;q=0", "gzipped"}) {
    INFO(field);
    CHECK_FALSE(accepts_gzip(field));
  }
}

}  // namespace
}  // namespace samoyed::web
