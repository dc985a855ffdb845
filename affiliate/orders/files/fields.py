"""Our fields of an order file, the headings under which shops export them, and the words of their states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from affiliate.core.mapping import by_heading, words

# The first that a file has is taken; Shopify's, Amazon's and WooCommerce's exports, then Shopee's and Tokopedia's.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "order_ref": ("order id", "order number", "order no", "order ref", "invoice no", "invoice number", "invoice",
                  "name", "no pesanan", "nomor pesanan", "nomor invoice", "no invoice", "no order", "kode pesanan",
                  "id pesanan", "id"),
    "original_ref": ("original order", "original order id", "refund of", "pesanan asal", "no pesanan asal"),
    "placed_at": ("placed at", "order date", "created at", "invoice date", "purchase date", "order purchase timestamp",
                  "date created", "date", "waktu pesanan dibuat", "tanggal pesanan", "tanggal pesanan dibuat",
                  "tanggal transaksi", "tanggal order", "tanggal", "tanggal pembayaran"),
    "status": ("status", "order status", "financial status", "status pesanan", "status terakhir", "status order"),
    "sku": ("sku", "lineitem sku", "item sku", "stock code", "product sku", "product id", "nomor referensi sku",
            "nomor sku", "kode sku", "kode barang", "kode produk", "sku induk"),
    "title": ("product name", "lineitem name", "item name", "title", "product", "description", "nama produk",
              "nama barang", "produk", "barang"),
    "category": ("category", "product category", "kategori", "kategori produk"),
    "quantity": ("quantity", "qty", "lineitem quantity", "item quantity", "jumlah produk dibeli", "jumlah barang",
                 "kuantitas", "jumlah"),
    "unit_price": ("unit price", "price", "lineitem price", "item price", "harga setelah diskon", "harga satuan",
                   "harga jual idr", "harga jual", "harga"),
    "line_discount": ("lineitem discount", "item discount", "line discount", "diskon produk", "diskon satuan"),
    "line_total": ("line total", "item total", "amount", "line amount", "total harga produk", "subtotal produk",
                   "jumlah harga"),
    "line_shipping": ("freight value", "item shipping"),
    "order_total": ("order total", "total", "grand total", "total amount", "total pembayaran", "total penjualan idr",
                    "total penjualan", "total pesanan", "total belanja"),
    "discount": ("discount amount", "discount", "order discount", "cart discount amount", "diskon", "total diskon",
                 "potongan", "nilai kupon toko terpakai idr", "voucher ditanggung penjual"),
    "shipping": ("shipping", "shipping amount", "shipping total", "ongkos kirim dibayar oleh pembeli", "ongkos kirim",
                 "ongkir", "biaya pengiriman tunai idr", "biaya kirim"),
    "tax": ("taxes", "tax", "tax amount", "order total tax", "pajak", "ppn"),
    "refunded": ("refunded amount", "refund amount", "refunded", "refund total", "jumlah pengembalian dana",
                 "pengembalian dana", "refund"),
    "refunded_at": ("refunded at", "refund date", "tanggal refund", "tanggal pengembalian dana"),
    "currency": ("currency", "currency code", "mata uang"),
    "customer": ("customer id", "customer email", "email", "buyer email", "cust id", "username pembeli",
                 "id pelanggan", "email pelanggan", "pembeli"),
    "click_token": ("click token", "click id", "clickref", "click ref", "sub id", "subid", "token klik"),
    "coupon": ("coupon", "coupon code", "discount code", "promo code", "voucher code", "kode voucher", "kode kupon",
               "kupon"),
    "paid_at": ("paid at", "payment date", "order approved at", "waktu pembayaran dilakukan", "tanggal bayar"),
    "completed_at": ("completed at", "fulfilled at", "delivered at", "order delivered customer date",
                     "completion date", "waktu pesanan selesai", "tanggal pesanan selesai", "tanggal selesai"),
    "cancelled_at": ("cancelled at", "canceled at", "cancellation date", "tanggal pesanan dibatalkan",
                     "tanggal batal"),
    "updated_at": ("updated at", "last updated", "modified at", "date modified", "terakhir diperbarui"),
}  # fmt: skip
FIELDS = tuple(SYNONYMS)
REQUIRED = ("order_ref", "placed_at")
AMOUNTS = ("line_total", "unit_price", "order_total")  # one of these
OF_LINES = ("quantity", "unit_price", "line_discount", "line_total", "line_shipping")
OF_ORDERS = ("order_total", "discount", "shipping", "tax", "refunded")  # on each row, and not summed
NUMBERS = (*OF_LINES, *OF_ORDERS)
DATES = ("placed_at", "paid_at", "completed_at", "cancelled_at", "updated_at", "refunded_at")

PLACED, PAID, COMPLETED, CANCELLED, REFUNDED, LEFT_OUT = (
    "placed", "paid", "completed", "cancelled", "refunded", "left_out",
)  # fmt: skip
STATES = (PLACED, PAID, COMPLETED, CANCELLED, REFUNDED, LEFT_OUT)
_STATUS_WORDS: dict[str, tuple[str, ...]] = {
    PLACED: ("placed", "pending", "created", "new", "open", "unpaid", "on hold", "authorized", "pending payment",
             "belum bayar", "menunggu pembayaran", "pesanan baru"),
    PAID: ("paid", "processing", "shipped", "approved", "invoiced", "partially paid", "partially refunded",
           "shipped picked up", "shipped out for delivery", "in transit", "shipping", "dibayar", "perlu dikirim",
           "sedang dikirim", "dikirim", "telah dikirim", "diproses", "pesanan diproses", "sedang diproses"),
    COMPLETED: ("completed", "complete", "delivered", "fulfilled", "finished", "done", "shipped delivered to buyer",
                "selesai", "pesanan selesai", "terkirim", "pesanan tiba", "diterima"),
    CANCELLED: ("cancelled", "canceled", "voided", "void", "failed", "expired", "unavailable",
                "shipped rejected by buyer", "shipped returning to seller", "shipped returned to seller",
                "shipped lost in transit", "shipped damaged", "batal", "dibatalkan", "dibatalkan pembeli",
                "dibatalkan penjual", "dibatalkan sistem", "pesanan dibatalkan", "gagal"),
    REFUNDED: ("refunded", "returned", "chargeback", "dikembalikan", "pengembalian", "retur", "dana dikembalikan"),
    LEFT_OUT: ("draft", "checkout draft", "test"),
}  # fmt: skip
_STATE_OF = {word: state for state, known in _STATUS_WORDS.items() for word in known}


def propose(headings: Sequence[str]) -> dict[str, str]:
    """Our field -> heading, as far as the headings are known."""
    return by_heading([heading for heading in headings if heading], SYNONYMS)


def missing(mapping: Mapping[str, str]) -> list[str]:
    """What a mapping leaves open: required fields, and `line_total` where there is no amount at all."""
    found = [field for field in REQUIRED if not mapping.get(field)]
    return found if any(mapping.get(field) for field in AMOUNTS) else [*found, "line_total"]


def state_of(word: str) -> str | None:
    """The state that a shop's word means, where we know it."""
    return _STATE_OF.get(words(word))
