// SPDX-License-Identifier: Apache-2.0
#include "policy/store/form_ledger_book.h"

#include <algorithm>

namespace icm {
namespace {

Subscription as_stored(const AddressForms& forms, Subscription subscription) {
  subscription.address = forms.stored(subscription.address);
  subscription.source = without_addresses(forms, subscription.source);
  return subscription;
}

}  // namespace

class FormLedgerBook::Job final : public LedgerImport {
 public:
  Job(std::unique_ptr<LedgerImport> job, AddressForms forms)
      : job_(std::move(job)), forms_(std::move(forms)) {}

  Status stage(const Subscription& subscription, WallTime now) override {
    return job_->stage(as_stored(forms_, subscription), now);
  }
  std::uint64_t staged() const override { return job_->staged(); }
  Result<ImportCount> commit(Deadline lock,
                             const std::function<void(std::uint64_t)>& progress) override {
    return job_->commit(lock, progress);
  }

 private:
  std::unique_ptr<LedgerImport> job_;
  AddressForms forms_;
};

FormLedgerBook::FormLedgerBook(std::unique_ptr<LedgerBook> book, AddressForms forms,
                               std::unique_ptr<AddressHashing> hashing, Deadline deadline)
    : book_(std::move(book)),
      forms_(std::move(forms)),
      hashing_(std::move(hashing)),
      deadline_(deadline) {}

void FormLedgerBook::wait_until(Deadline deadline) {
  deadline_ = deadline;
  book_->wait_until(deadline);
}

Result<Outcome> FormLedgerBook::add(const Subscription& subscription) {
  ICM_CHECK(hashing_->keep_key(deadline_));
  return book_->add(as_stored(forms_, subscription));
}

Result<std::uint64_t> FormLedgerBook::remove(const std::string& address,
                                             const std::optional<std::string>& scope) {
  std::uint64_t removed = 0;
  for (const std::string& form : forms_.of_ledger(address)) {
    ICM_TRY(const std::uint64_t some, book_->remove(form, scope));
    removed += some;
  }
  return removed;
}

Result<std::vector<Subscription>> FormLedgerBook::of(const std::string& address) {
  std::vector<Subscription> all;
  for (const std::string& form : forms_.of_ledger(address)) {
    ICM_TRY(const std::vector<Subscription> some, book_->of(form));
    for (Subscription one : some) {
      one.address = address;
      const auto same = std::ranges::find(all, one.scope, &Subscription::scope);
      if (same == all.end()) {
        all.push_back(std::move(one));
      } else {
        *same = merged(*same, one);
      }
    }
  }
  std::ranges::sort(all, {}, &Subscription::scope);
  return all;
}

Status FormLedgerBook::each(const LedgerFilter& filter,
                            const std::function<void(const Subscription&)>& visit) {
  if (filter.domain) return no_domain_of_hashes();
  return book_->each(filter, visit);
}

Result<std::unique_ptr<LedgerImport>> FormLedgerBook::begin_import() {
  ICM_CHECK(hashing_->keep_key(deadline_));
  ICM_TRY(auto job, book_->begin_import());
  return std::unique_ptr<LedgerImport>(new Job(std::move(job), forms_));
}

}  // namespace icm
