#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>

#include "samoyed/dispatcher/classifier.hpp"
#include "samoyed/dispatcher/history.hpp"
#include "samoyed/dispatcher/jobs.hpp"
#include "web/forms/stored_form.hpp"

/// Fakes for what handlers work with. They answer at once and record what they were asked.
namespace samoyed::test {

class FakeClassifier final : public dispatcher::Classifier {
 public:
  asio::awaitable<dispatcher::Outcome> classify(dispatcher::ClassifyRequest request) override {
    const std::size_t number = requests.size();
    texts.emplace_back(request.image->message().substr(2, request.image->text_length()));
    requests.push_back(std::move(request));
    co_return number < outcomes.size() ? outcomes[number] : outcomes.back();
  }

  /// One for each image. The last one is for all further images.
  std::vector<dispatcher::Outcome> outcomes{dispatcher::Answer{}};
  std::vector<dispatcher::ClassifyRequest> requests;
  std::vector<std::string> texts;  ///< The images in base64.
};

class FakeHistory final : public dispatcher::History {
 public:
  struct RowQuery {
    dispatcher::HistoryId id;
    std::optional<std::string> visitor;
  };

  bool record(dispatcher::HistoryRow row) override {
    recorded.push_back(std::move(row));
    return true;
  }
  std::uint64_t dropped() const override { return 0; }
  asio::awaitable<dispatcher::HistoryPage> find(dispatcher::HistoryQuery query) override {
    const std::size_t number = queries.size();
    queries.push_back(std::move(query));
    co_return number < pages.size() ? pages[number] : dispatcher::HistoryPage{};
  }
  asio::awaitable<std::optional<dispatcher::HistoryRow>> find_row(
      dispatcher::HistoryId id, std::optional<std::string> visitor) override {
    row_queries.push_back({id, std::move(visitor)});
    co_return row;
  }
  asio::awaitable<std::uint64_t> remove_all(std::string visitor) override {
    removed.push_back(std::move(visitor));
    co_return rows_removed;
  }
  asio::awaitable<bool> adopt(std::string, std::string, dispatcher::Adopted) override {
    co_return false;
  }
  void confirm_adoption(std::string) override {}
  asio::awaitable<dispatcher::HistoryStatistics> statistics(
      dispatcher::HistoryStatisticsQuery query) override {
    statistics_queries.push_back(std::move(query));
    if (statistics_busy) throw dispatcher::BusyError("too many");
    co_return numbers;
  }

  /// Number of calls of all kinds.
  std::size_t calls() const {
    return queries.size() + row_queries.size() + removed.size() + statistics_queries.size();
  }

  std::vector<dispatcher::HistoryRow> recorded;
  std::vector<dispatcher::HistoryQuery> queries;
  std::vector<RowQuery> row_queries;
  std::vector<std::string> removed;
  std::vector<dispatcher::HistoryStatisticsQuery> statistics_queries;
  // The answers:
  std::vector<dispatcher::HistoryPage> pages;  ///< One for each call.
  std::optional<dispatcher::HistoryRow> row;
  std::uint64_t rows_removed = 0;
  dispatcher::HistoryStatistics numbers;
  bool statistics_busy = false;
};

class FakeJobs final : public dispatcher::Jobs {
 public:
  asio::awaitable<dispatcher::Submitted> submit(dispatcher::JobRequest request) override {
    requests.push_back(std::move(request));
    co_return submitted;
  }
  asio::awaitable<std::optional<dispatcher::Job>> find(std::string id) override {
    found.push_back(std::move(id));
    co_return job;
  }
  asio::awaitable<bool> cancel(std::string id) override {
    cancelled.push_back(std::move(id));
    co_return cancels;
  }
  std::unique_ptr<dispatcher::JobWatch> watch(std::string id) override {
    watched.push_back(std::move(id));
    return may_watch ? std::make_unique<Watch>(job) : nullptr;
  }
  Load load() const override { return {}; }

  std::vector<dispatcher::JobRequest> requests;
  std::vector<std::string> found;
  std::vector<std::string> cancelled;
  std::vector<std::string> watched;
  // The answers:
  dispatcher::Submitted submitted = std::vector<std::string>{"abc"};
  std::optional<dispatcher::Job> job;
  bool cancels = true;
  bool may_watch = true;

 private:
  /// Returns the job once.
  class Watch final : public dispatcher::JobWatch {
   public:
    explicit Watch(std::optional<dispatcher::Job> job) : job_(std::move(job)) {}
    asio::awaitable<std::optional<dispatcher::Job>> next(
        std::chrono::steady_clock::time_point) override {
      co_return std::exchange(job_, std::nullopt);
    }
    bool ended() const override { return !job_; }

   private:
    std::optional<dispatcher::Job> job_;
  };
};

/// A form in memory that acts like one on disk.
class FakeForm final : public web::StoredForm {
 public:
  explicit FakeForm(const std::vector<std::string>& files) {
    for (const std::string& file : files) {
      parts_.push_back({"file", "a.jpg", body_.size(), file.size()});
      body_ += file;
    }
  }

  const std::vector<web::ScannedPart>& parts() const override { return parts_; }
  asio::awaitable<std::string> read(web::ScannedPart part) override {
    ++reads;
    co_return body_.substr(part.begin, part.size);
  }

  std::size_t reads = 0;

 private:
  std::vector<web::ScannedPart> parts_;
  std::string body_;
};

}  // namespace samoyed::test
