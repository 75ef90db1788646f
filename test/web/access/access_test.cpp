#include "web/access/access.hpp"

#include <catch2/catch.hpp>

namespace samoyed::web {
namespace {

int status_of(const std::optional<Problem>& problem) { return problem ? problem->status() : 200; }

TEST_CASE("the server accepts IP addresses, localhost, the machine's name and the allowed hosts") {
  struct Case {
    std::string host;
    bool allowed;
  };
  const auto one = GENERATE(values<Case>({
      {"127.0.0.1", true},
      {"127.0.0.1:9999", true},
      {"10.10.1.1:1", true},
      {"203.0.113.7", true},
      {"[::1]", true},
      {"[2001:db8::1]:9999", true},
      {"localhost", true},
      {"LocalHost:9999", true},
      {"localhost.", true},
      {"dog.localhost:1", true},
      {"Kennel:9999", true},
      {"kennel.", true},
      {"dogs.example.com", true},
      {"DOGS.example.com:443", true},
      {"example.org", true},
      {"a.b.example.org:9999", true},
      {"", false},
      {"evil.example", false},
      {"evil.example:9999", false},
      {"notlocalhost", false},
      {"localhost.evil.example", false},
      {"kennel.evil.example", false},
      {"cats.dogs.example.com", false},
      {"evilexample.org", false},
      {"127.0.0.1.evil.example", false},
      {"127.1", false},
      {"0x7f000001", false},
      {"::1", false},
      {"[::1", false},
      {"[::1]x", false},
      {"localhost:9999:1", false},
      {"localhost:http", false},
      {"evil.example,localhost", false},
  }));
  INFO(one.host);
  const HostRules rules{"KENNEL", {"dogs.example.com", ".example.org"}};
  const Request request{"GET", "/", 11, {{"Host", one.host}}, {}};
  const auto problem = check_host_name(request, rules);
  CHECK(status_of(problem) == (one.allowed ? 200 : 421));
  if (problem) CHECK(problem->sentence.find("--allowed-host") != std::string::npos);
}

TEST_CASE("HTTP/1.0 passes without a Host, but not with a foreign one") {
  const HostRules rules{"", {}};
  CHECK(status_of(check_host_name({"GET", "/", 10, {}, {}}, rules)) == 200);
  CHECK(status_of(check_host_name({"GET", "/", 10, {{"Host", "evil.example"}}, {}}, rules)) == 421);
}

TEST_CASE("the host that a proxy was asked for must be known as well as the one it asks for") {
  const HostRules rules{"", {"www.example.org"}};
  const auto status = [&](const std::string& host, const std::string& forwarded) {
    return status_of(check_host_name({"GET", "/", 11, {{"Host", host}}, {}}, rules, forwarded));
  };
  CHECK(status("127.0.0.1:9999", "www.example.org:8443") == 200);
  CHECK(status("127.0.0.1:9999", "evil.example") == 421);
  CHECK(status("evil.example", "www.example.org") == 421);
  CHECK(status_of(check_host_name({"GET", "/", 10, {}, {}}, rules, "evil.example")) == 421);
}

TEST_CASE("a page is this site's own if it comes from the host that the proxy was asked for") {
  const auto status = [](const std::string& origin, const std::string& forwarded) {
    const Fields fields{{"Host", "127.0.0.1:9999"}, {"Origin", origin}};
    return status_of(check_cross_site({"POST", "/", 11, fields, {}}, forwarded));
  };
  CHECK(status("https://www.example.org:8443", "www.example.org:8443") == 200);
  CHECK(status("https://www.example.org:8443", "www.example.org") == 403);
  CHECK(status("http://127.0.0.1:9999", "www.example.org") == 403);
  CHECK(status("https://evil.example", "www.example.org") == 403);
}

TEST_CASE("the target's host takes precedence over Host") {
  struct Case {
    std::string target;
    std::string host;
    int status;
  };
  const auto one = GENERATE(values<Case>({
      {"http://localhost:9999/", "evil.example", 200},
      {"http://evil.example/", "localhost:9999", 421},
      {"https://[::1]/", "evil.example", 200},
      {"http://user@localhost/", "localhost", 421},
  }));
  INFO(one.target);
  const Request request{"GET", one.target, 11, {{"Host", one.host}}, {}};
  CHECK(status_of(check_host_name(request, {})) == one.status);
}

TEST_CASE("requests that another site's page made the browser send are rejected") {
  struct Case {
    Fields fields;
    bool allowed;
  };
  const std::vector<Case> cases = {
      {{}, true},  // Plain curl.
      {{{"Sec-Fetch-Site", "same-origin"}}, true},
      {{{"Sec-Fetch-Site", "none"}}, true},
      {{{"Sec-Fetch-Site", "cross-site"}}, false},
      {{{"Sec-Fetch-Site", "same-site"}}, false},
      {{{"Sec-Fetch-Site", ""}}, false},
      {{{"Sec-Fetch-Site", "none"}, {"Sec-Fetch-Site", "cross-site"}}, false},
      // Sec-Fetch-Site takes precedence over the others.
      {{{"Sec-Fetch-Site", "same-origin"}, {"Origin", "null"}}, true},
      {{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "http://dog.example:9999"}}, false},
      {{{"Origin", "http://dog.example:9999"}}, true},
      {{{"Origin", "HTTP://DOG.example:9999"}}, true},
      {{{"Origin", "https://dog.example:9999"}}, true},
      {{{"Origin", "http://dog.example"}}, false},
      {{{"Origin", "http://dog.example:999"}}, false},
      {{{"Origin", "http://evil.example:9999"}}, false},
      {{{"Origin", "http://dog.example:9999.evil.example"}}, false},
      {{{"Origin", "null"}}, false},
      {{{"Origin", ""}}, false},
      {{{"Origin", "file://"}}, false},
      {{{"Origin", "dog.example:9999"}}, false},
      {{{"Origin", "http://dog.example:9999"}, {"Origin", "http://evil.example"}}, false},
      {{{"Origin", "http://dog.example:9999"}, {"Referer", "http://evil.example/"}}, true},
      {{{"Referer", "http://dog.example:9999/add/a:1?b"}}, true},
      {{{"Referer", "http://evil.example/dog.example:9999/"}}, false},
      {{{"Referer", "http://dog.example:9999@evil.example/"}}, false},
      {{{"Referer", "about:blank"}}, false},
  };
  for (const Case& one : cases) {
    Request request{"POST", "/", 11, one.fields, {}};
    INFO((one.fields.empty() ? "no fields" : one.fields[0].name + ": " + one.fields[0].value));
    request.fields.push_back({"Host", "Dog.example:9999"});
    const auto problem = check_cross_site(request);
    CHECK(status_of(problem) == (one.allowed ? 200 : 403));
    if (problem) CHECK(problem->reason == Reason::cross_site);
  }
}

TEST_CASE("a browser that doesn't name the page must confirm, a program doesn't have to") {
  // These are all the fields that a page with `referrer=no-referrer` makes a browser send to a site
  // with plain HTTP on another machine.
  const std::string chromium =
      "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 "
      "Safari/537.36";
  const std::string firefox =
      "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
  struct Case {
    std::string method;
    std::string agent;
    std::string reason;
  };
  const auto one = GENERATE_COPY(values<Case>({{"GET", chromium, "unconfirmed"},
                                               {"GET", firefox, "unconfirmed"},
                                               {"POST", chromium, "cross_site"},
                                               {"POST", firefox, "cross_site"},
                                               {"GET", "curl/7.88.1", ""},
                                               {"POST", "curl/7.88.1", ""},
                                               {"GET", "python-requests/2.28.1", ""},
                                               {"GET", "", ""}}));
  INFO(one.method << ' ' << one.agent);
  Request request{one.method, "/add/10.6.6.6:66", 11, {{"Host", "10.0.0.1:9999"}}, {}};
  request.fields.push_back({"Accept", "image/avif,image/webp,*/*;q=0.8"});
  if (!one.agent.empty()) request.fields.push_back({"User-Agent", one.agent});
  const auto problem = check_cross_site(request);
  CHECK((problem ? code_of(problem->reason) : "") == one.reason);
  // The site's own forms send a Referer.
  request.fields.push_back({"Referer", "http://10.0.0.1:9999/"});
  CHECK_FALSE(check_cross_site(request));
}

TEST_CASE("a scheme's default port may be left out on either side") {
  const auto status = [](const std::string& origin, const std::string& host) {
    return status_of(check_cross_site({"POST", "/", 11, {{"Origin", origin}, {"Host", host}}, {}}));
  };
  CHECK(status("https://dog.example", "dog.example") == 200);
  CHECK(status("https://dog.example", "dog.example:443") == 200);
  CHECK(status("http://dog.example:80", "dog.example") == 200);
  CHECK(status("http://dog.example", "dog.example:443") == 403);
  CHECK(status("http://[::1]:9999", "[0:0::1]:9999") == 200);
}

}  // namespace
}  // namespace samoyed::web
