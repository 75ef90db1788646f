#include <algorithm>
#include <tuple>

#include "samoyed/dispatcher/worker_list.hpp"

// Which models a WorkerList has, and which of them may answer a request.
namespace samoyed::dispatcher {

bool WorkerList::ModelChoice::includes(const WorkerModel& found) const {
  if (model) return found.name == model->name && found.trained == model->trained;
  return name.empty() || found.name == name;
}

bool WorkerList::ModelChoice::includes(const Entry& entry) const {
  if (entry.row.model) return includes(*entry.row.model);
  return name.empty() || !entry.reference;
}

WorkerList::ModelChoice WorkerList::choose(std::string_view model) const {
  if (!model.empty()) return {.name = model};
  switch (default_model_.rule) {
    case DefaultModel::Rule::any:
      break;
    case DefaultModel::Rule::first_trained:
      return {.model = first_trained()};
    case DefaultModel::Rule::named:
      return {.name = default_model_.name};
  }
  return {};
}

/// Returns null if no worker has reported a model.
const WorkerModel* WorkerList::first_trained() const {
  const auto rank = [](const Entry& entry) {
    return std::tuple(!entry.row.model->trained, !entry.serves(), entry.row.listed);
  };
  const Entry* first = nullptr;
  for (const Entry& entry : entries_) {
    if (entry.row.model && (!first || rank(entry) < rank(*first))) first = &entry;
  }
  return first ? &*first->row.model : nullptr;
}

bool WorkerList::lacks(std::string_view model) const {
  const std::lock_guard lock(mutex_);
  const ModelChoice choice = choose(model);
  return !entries_.empty() &&
         std::ranges::none_of(entries_, [&](const Entry& entry) { return choice.includes(entry); });
}

bool WorkerList::may_answer(std::string_view model, const std::optional<WorkerModel>& found) const {
  const std::lock_guard lock(mutex_);
  const ModelChoice choice = choose(model);
  return found ? choice.includes(*found) : choice.name.empty();
}

std::vector<ModelRow> WorkerList::models() const {
  const std::lock_guard lock(mutex_);
  std::vector<const Entry*> known;
  for (const Entry& entry : entries_) {
    if (entry.row.model) known.push_back(&entry);
  }
  std::ranges::sort(known, {}, [](const Entry* entry) { return entry->row.listed; });
  // Without a rule, no model is the default.
  const bool ruled = default_model_.rule != DefaultModel::Rule::any;
  const ModelChoice choice = choose({});
  std::vector<ModelRow> rows;
  for (const Entry* const entry : known) {
    const WorkerModel& model = *entry->row.model;
    auto row = std::ranges::find(rows, model.name, [](const ModelRow& r) { return r.model.name; });
    if (row == rows.end()) row = rows.insert(rows.end(), ModelRow{.model = model});
    if (model.trained && !row->model.trained) row->model = model;
    if (entry->in_rotation()) ++row->workers;
    row->is_default = row->is_default || (ruled && choice.includes(model));
  }
  return rows;
}

}  // namespace samoyed::dispatcher
