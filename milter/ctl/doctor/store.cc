// SPDX-License-Identifier: Apache-2.0
//
// The doctor on the store: whether list and ledger answer, whether the file is whole and of this
// release, and what its servers are told that can lose entries.
#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "milter/ctl/doctor/context.h"
#include "milter/store_risks.h"
#include "policy/base/mailbox.h"
#include "policy/store/store_backup.h"
#include "policy/store/store_file.h"
#include "policy/store/stores.h"

namespace icm::ctl::doctor {
namespace {

// Reading every page takes about a second for a gigabyte.
constexpr std::uintmax_t most_octets_read = 4ull << 30;

// Every page of the file, where it can be read while somebody waits.
Diagnoses examine_pages(const std::string& path, Deadline deadline) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (!error && size > most_octets_read) {
    return {found("store.unread", path, fmt::format("it has {} octets", size))};
  }
  auto database = open_store(path, Database::Access::read, Missing::refuse, deadline);
  if (!database) return {};  // opening the list says why
  database->wait_until(deadline);
  if (const Status whole = check_pages(*database); !whole) {
    return {found(whole.error().code == Code::temporary ? Id("store.unread") : Id("store.damaged"),
                  path, whole.error().text)};
  }
  return {};
}

// Whether the list answers a question about nobody.
Status ask_list(const Context& context, Deadline deadline) {
  ICM_TRY(const auto list,
          open_list(context.config.store, Missing::refuse, deadline, context.credentials));
  const auto nobody = Mailbox::parse("postmaster@icloud.com");
  ICM_TRY([[maybe_unused]] const auto answer,
          list->find(*nobody, {}, false, context.now, deadline));
  return {};
}

Status ask_ledger(const Context& context, Deadline deadline) {
  ICM_TRY(const auto ledger, open_ledger(context.config.store, deadline, context.credentials));
  const auto nobody = Mailbox::parse("postmaster@icloud.com");
  ICM_TRY([[maybe_unused]] const auto answer, ledger->find(*nobody, {}, deadline));
  return {};
}

}  // namespace

Diagnoses examine_store(const Context& context, Deadline deadline) {
  const StoreConfig& store = context.config.store;
  const std::string place = store_place(store);
  if (store.kind == StoreKind::sqlite && context.is_hidden(store.path)) {
    return {found("store.not-seen", place, "this process may not read it")};
  }
  if (is_first_start(store)) return {found("store.not-made", place, "there is no such file")};
  // Opening it in any other way would bring it up to date, which is the daemon's to do.
  const auto news = review_store(store, deadline);
  if (!news) return {found("store.unusable", place, news.error().text)};
  Diagnoses diagnoses;
  for (const std::string& sentence : *news)
    add(diagnoses, found("store.outdated", place, sentence));
  if (!news->empty()) return diagnoses;
  if (store.kind == StoreKind::sqlite) add(diagnoses, examine_pages(store.path, deadline));
  if (!is_healthy(diagnoses)) return diagnoses;
  if (const Status answer = ask_list(context, deadline); !answer) {
    return {found("store.unusable", place, answer.error().text)};
  }
  add(diagnoses, found("store.answers", place, "every lookup is answered"));
  for (const std::string& risk : store_risks(store, context.credentials, deadline)) {
    add(diagnoses, found("store.risk", place, risk));
  }
  if (!asks_ledger(context.config)) return diagnoses;
  const Status ledger = ask_ledger(context, deadline);
  add(diagnoses, ledger ? found("store.ledger", place, "every lookup is answered")
                        : found("store.ledger-unusable", place, ledger.error().text));
  return diagnoses;
}

}  // namespace icm::ctl::doctor
