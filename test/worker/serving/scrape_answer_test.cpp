#include "worker/serving/scrape_answer.hpp"

#include <string>

#include <catch2/catch.hpp>

using samoyed::worker::answer_scrape;
using samoyed::worker::scrape_header_bytes_max;

namespace {

std::string metrics() { return "samoyed_x 1\n"; }

std::string status_of(const std::string& request) {
  const auto answer = answer_scrape(request, metrics);
  return answer ? answer->substr(9, 3) : "none";
}

/// A request as Prometheus 2.42 sends it.
const std::string scrape_request =
    "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:9100\r\nUser-Agent: Prometheus/2.42.0\r\n"
    "Accept: text/plain;version=0.0.4;q=0.5,*/*;q=0.1\r\nAccept-Encoding: gzip\r\n"
    "X-Prometheus-Scrape-Timeout-Seconds: 10\r\n\r\n";

}  // namespace

TEST_CASE("a scrape is answered with the metrics and ends the connection") {
  CHECK(answer_scrape(scrape_request, metrics) ==
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
        "Content-Length: 12\r\nConnection: close\r\n\r\nsamoyed_x 1\n");
  CHECK(status_of("GET /metrics HTTP/1.0\r\n\r\n") == "200");
  CHECK(status_of("GET /metrics?name[]=up HTTP/1.1\r\nHost: a\r\n\r\n") == "200");
}

TEST_CASE("a scrape is answered once its header is complete, wherever it was split") {
  for (std::size_t size = 0; size < scrape_request.size(); ++size) {
    REQUIRE_FALSE(answer_scrape(scrape_request.substr(0, size), metrics));
  }
  CHECK(status_of(scrape_request + "GET") == "200");
  CHECK(status_of("GET /" + std::string(scrape_header_bytes_max - 5, 'x')) == "none");
}

TEST_CASE("any other request gets an error response, and no metrics are collected") {
  const auto [request, status] = GENERATE(table<std::string, std::string>({
      {"GET / HTTP/1.1\r\n\r\n", "404"},
      {"GET /metricsx HTTP/1.1\r\n\r\n", "404"},
      {"POST /metrics HTTP/1.1\r\nContent-Length: 5\r\n\r\n", "405"},
      {"DELETE /metrics HTTP/1.1\r\n\r\n", "405"},
      {"GET /metrics\r\n\r\n", "400"},
      {"GET /metrics HTTP/3.0\r\n\r\n", "400"},
      {"D 5 -4042\r\n\r\n", "400"},
      {"\x16\x03\x01\x02", "400"},
      {"GET /metrics HTTP/1.1\r\nX: " + std::string(scrape_header_bytes_max, 'x') + "\r\n\r\n",
       "431"},
      {"GET /" + std::string(scrape_header_bytes_max, 'x'), "431"},
  }));
  CAPTURE(request.substr(0, 50));
  int collected = 0;
  const auto answer = answer_scrape(request, [&] {
    ++collected;
    return metrics();
  });
  REQUIRE(answer);
  CHECK(answer->substr(9, 3) == status);
  CHECK(answer->find("\r\nConnection: close\r\n") != answer->npos);
  CHECK(collected == 0);
}
