// SPDX-License-Identifier: Apache-2.0
#include "policy/store/form_book.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "policy/store/entry_versions.h"

namespace icm {
namespace {

// Of which address each of its forms is.
class Forms {
 public:
  Forms(const AddressForms& forms, const std::vector<std::string>& addresses) {
    for (const std::string& address : addresses) {
      for (std::string& form : forms.all(address)) {
        places_.emplace(form, Place{addresses_.size(), address});
        all_.push_back(std::move(form));
      }
      addresses_.push_back(address);
    }
  }

  const std::vector<std::string>& all() const { return all_; }
  std::size_t place_of(const Recorded& record) const {
    return places_.at(record.entry.address).number;
  }
  void name(std::vector<Recorded>& records) const {
    for (Recorded& record : records) {
      record.entry.address = places_.at(record.entry.address).address;
    }
  }

 private:
  struct Place {
    std::size_t number;
    std::string address;
  };
  std::map<std::string, Place> places_;
  std::vector<std::string> addresses_;
  std::vector<std::string> all_;
};

// What of `standing` a removal means.
std::vector<Suppression> meant(const std::vector<Recorded>& standing, const EntryChoice& choice,
                               const Deed& deed) {
  std::vector<Version> versions;
  for (const Recorded& record : standing) versions.push_back(new_version(record.entry, 0));
  AddressChange change = AddressChange::of(choice.address, std::move(versions));
  return take_off(change, choice, deed, 0);
}

Status check_forgetting(const Suppression& entry, bool has_unhashed) {
  if (entry.reason != SuppressionReason::erasure || !has_unhashed) return {};
  return fail(Code::permanent,
              fmt::format("{}: nobody can be forgotten by a store that has addresses which are "
                          "not hashed yet; run icloud-milterctl suppress hash first",
                          entry.address));
}

}  // namespace

class FormBook::Job final : public ImportJob {
 public:
  Job(std::unique_ptr<ImportJob> job, AddressForms forms, bool has_unhashed)
      : job_(std::move(job)), forms_(std::move(forms)), has_unhashed_(has_unhashed) {}

  Status stage(const Suppression& entry) override {
    if (form_of(entry.address) == AddressForm::plain && !forms_.is_keyed()) {
      return job_->stage(entry);
    }
    ICM_CHECK(check_entry(entry));
    ICM_CHECK(check_forgetting(entry, has_unhashed_));
    Suppression taken_in = entry;
    ICM_TRY(taken_in.address, forms_.taken_in(entry.address));
    return job_->stage(as_stored(forms_, std::move(taken_in)));
  }
  std::uint64_t staged() const override { return job_->staged(); }
  Result<ImportCount> commit(const Deed& deed, Deadline lock,
                             const std::function<void(std::uint64_t)>& progress) override {
    return job_->commit(as_stored(forms_, deed), lock, progress);
  }

 private:
  std::unique_ptr<ImportJob> job_;
  AddressForms forms_;
  bool has_unhashed_;
};

FormBook::FormBook(std::unique_ptr<SuppressionBook> book, AddressForms forms,
                   std::unique_ptr<AddressHashing> hashing, Deadline deadline)
    : book_(std::move(book)),
      forms_(std::move(forms)),
      hashing_(std::move(hashing)),
      deadline_(deadline) {}

void FormBook::wait_until(Deadline deadline) {
  deadline_ = deadline;
  book_->wait_until(deadline);
}

Status FormBook::begin_writing() {
  if (hashing_ == nullptr) return {};
  if (!is_key_kept_) ICM_CHECK(hashing_->keep_key(deadline_));
  is_key_kept_ = true;
  return {};
}

Result<Outcome> FormBook::add(const Suppression& entry, const Deed& deed) {
  ICM_CHECK(check_entry(entry));
  ICM_CHECK(begin_writing());
  if (hashing_ != nullptr && entry.reason == SuppressionReason::erasure) {
    ICM_TRY(const std::uint64_t unhashed, hashing_->unhashed(deadline_));
    ICM_CHECK(check_forgetting(entry, unhashed > 0));
  }
  return book_->add(as_stored(forms_, entry), as_stored(forms_, deed));
}

Status FormBook::add_all(const std::vector<Suppression>& entries, const Deed& deed) {
  ICM_CHECK(begin_writing());
  std::vector<Suppression> stored;
  stored.reserve(entries.size());
  for (const Suppression& entry : entries) stored.push_back(as_stored(forms_, entry));
  return book_->add_all(stored, as_stored(forms_, deed));
}

// All that is meant is looked at before the first form of it is removed.
Result<std::vector<Suppression>> FormBook::remove(const EntryChoice& choice, const Deed& deed) {
  ICM_CHECK(begin_writing());
  const Forms forms(forms_, {choice.address});
  ICM_TRY(std::vector<Recorded> standing, book_->standing(forms.all()));
  std::vector<std::string> present;
  for (const Recorded& record : standing) {
    if (present.empty() || present.back() != record.entry.address) {
      present.push_back(record.entry.address);
    }
  }
  forms.name(standing);
  const std::vector<Suppression> all = meant(standing, choice, deed);
  if (!all.empty()) ICM_CHECK(check_removal(all, deed));
  std::vector<Suppression> removed;
  for (const std::string& form : present) {
    ICM_TRY(const std::vector<Suppression> some,
            book_->remove({form, choice.scope, choice.reason}, as_stored(forms_, deed)));
    for (Suppression entry : some) {
      entry.address = choice.address;
      removed.push_back(std::move(entry));
    }
  }
  return removed;
}

Result<std::vector<Recorded>> FormBook::standing(const std::vector<std::string>& addresses) {
  const Forms forms(forms_, addresses);
  ICM_TRY(std::vector<Recorded> found, book_->standing(forms.all()));
  std::ranges::stable_sort(found, {}, [&](const Recorded& record) {
    return std::tuple(forms.place_of(record), record.entry.scope, to_string(record.entry.reason));
  });
  forms.name(found);
  return found;
}

Result<std::vector<Recorded>> FormBook::past(const std::vector<std::string>& addresses) {
  const Forms forms(forms_, addresses);
  ICM_TRY(std::vector<Recorded> found, book_->past(forms.all()));
  // Of one form they come in their order.
  const bool is_mixed = std::ranges::any_of(found, [&](const Recorded& record) {
    return record.entry.address != found.front().entry.address;
  });
  if (is_mixed) {
    std::ranges::stable_sort(found, [&](const Recorded& one, const Recorded& other) {
      const auto end_of = [](const Recorded& record) {
        return record.ended ? record.ended->at : WallTime{};
      };
      return std::tuple(forms.place_of(one), end_of(other)) <
             std::tuple(forms.place_of(other), end_of(one));
    });
  }
  forms.name(found);
  return found;
}

Status FormBook::each(const RecordFilter& filter, WallTime now,
                      const std::function<void(const Suppression&)>& visit) {
  if (forms_.is_keyed() && filter.domain) return no_domain_of_hashes();
  return book_->each(filter, now, visit);
}

Result<std::unique_ptr<ImportJob>> FormBook::begin_import() {
  ICM_CHECK(begin_writing());
  bool has_unhashed = false;
  if (hashing_ != nullptr) {
    ICM_TRY(const std::uint64_t unhashed, hashing_->unhashed(deadline_));
    has_unhashed = unhashed > 0;
  }
  ICM_TRY(auto job, book_->begin_import());
  return std::unique_ptr<ImportJob>(new Job(std::move(job), forms_, has_unhashed));
}

Result<std::vector<ImportRecord>> FormBook::imports() { return book_->imports(); }

Result<UndoCount> FormBook::undo(const Batch& batch, const Deed& deed, Undoing undoing) {
  return book_->undo(batch, as_stored(forms_, deed), undoing);
}

}  // namespace icm
