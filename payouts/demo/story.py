"""Who is in the demo: invented stores, communities, people and things. Prices are whole rupiah."""

from __future__ import annotations

from dataclasses import dataclass

from affiliate.identity.service import DEMO_PASSWORD

# Shown on the start page; production refuses to start with these accounts.
PASSWORD = DEMO_PASSWORD


@dataclass(frozen=True, slots=True)
class Item:
    """One product: sku, title, category, price in rupiah, picture; sale price and stock where they differ."""

    sku: str
    title: str
    category: str
    price: int
    picture: str
    sale: int | None = None
    in_stock: bool = True


@dataclass(frozen=True, slots=True)
class Store:
    """A partner store with its programme: click window, hold, rates (scope, match, basis points)."""

    slug: str
    name: str
    brand: str
    click_param: str
    window_days: int
    hold_days: int
    rates: tuple[tuple[str, str | None, int], ...]
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Shelf:
    """A collection: slug, title, intro and (store, sku, curator's handle, sentence) for each pick."""

    slug: str
    title: str
    intro: str
    picks: tuple[tuple[str, str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Club:
    """A community with its face, its curators (handle, name, e-mail) and its shelves."""

    slug: str
    name: str
    tagline: str
    accent: str
    corners: str
    symbol: str
    words: dict[str, str]
    owner: tuple[str, str]
    curators: tuple[tuple[str, str, str], ...]
    stores: tuple[str, ...]
    split: tuple[int, int, int, int]
    shelves: tuple[Shelf, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of a store or of finance: e-mail, name, role, and the store."""

    email: str
    name: str
    role: str
    store: str | None = None


ANGGUN = Store(
    "rumah-anggun", "Rumah Anggun", "Anggun", "ra_ref", 30, 14,
    (("all", None, 800), ("category", "Kebaya", 1200), ("sku", "RA-107", 1500)),
    (
        Item("RA-101", "Kebaya Kutu Baru Sage", "Kebaya", 689_000, "kebaya-sage"),
        Item("RA-102", "Kebaya Brokat Melati", "Kebaya", 845_000, "kebaya-rose"),
        Item("RA-103", "Kebaya Encim Senja", "Kebaya", 729_000, "kebaya-clay", sale=649_000),
        Item("RA-104", "Gaun Linen Terakota", "Gaun", 459_000, "dress-clay"),
        Item("RA-105", "Gaun Pesta Anggrek", "Gaun", 798_000, "dress-plum"),
        Item("RA-106", "Gaun Harian Biru Laut", "Gaun", 389_000, "dress-sky", sale=329_000),
        Item("RA-107", "Kemeja Batik Kawung", "Batik", 425_000, "shirt-indigo"),
        Item("RA-108", "Kemeja Batik Sogan", "Batik", 415_000, "shirt-sand"),
        Item("RA-109", "Tas Tangan Malam", "Tas", 535_000, "bag-ink"),
        Item("RA-110", "Tas Tangan Delima", "Tas", 515_000, "bag-cherry", in_stock=False),
        Item("RA-111", "Sepatu Hak Mustard", "Sepatu", 475_000, "heels-sun"),
        Item("RA-112", "Sepatu Hak Rosa", "Sepatu", 475_000, "heels-rose"),
        Item("RA-113", "Syal Tenun Marun", "Kain", 285_000, "scarf-cherry"),
        Item("RA-114", "Syal Tenun Nila", "Kain", 285_000, "scarf-indigo"),
        Item("RA-115", "Anting Daun Zaitun", "Perhiasan", 165_000, "earrings-sage"),
        Item("RA-116", "Kalung Manik Tembaga", "Perhiasan", 245_000, "necklace-clay"),
    ),
)  # fmt: skip

LARAS = Store(
    "pasar-laras", "Pasar Laras", "Laras", "plref", 14, 10,
    (("all", None, 500), ("category", "Sepatu", 700), ("brand", "Laras Hijau", 900)),
    (
        Item("PL-2001", "Sneaker Kanvas Langit", "Sepatu", 349_000, "sneaker-sky"),
        Item("PL-2002", "Sneaker Kanvas Bata", "Sepatu", 349_000, "sneaker-clay", sale=299_000),
        Item("PL-2003", "Sneaker Kulit Hitam", "Sepatu", 529_000, "sneaker-ink"),
        Item("PL-2004", "Tote Kain Perca Mawar", "Tas", 129_000, "tote-rose"),
        Item("PL-2005", "Tote Kain Perca Nila", "Tas", 129_000, "tote-indigo"),
        Item("PL-2006", "Jam Tangan Nila", "Aksesori", 389_000, "watch-indigo"),
        Item("PL-2007", "Jam Tangan Plum", "Aksesori", 389_000, "watch-plum"),
        Item("PL-2008", "Hoodie Pasir", "Atasan", 279_000, "hoodie-sand"),
        Item("PL-2009", "Hoodie Malam", "Atasan", 279_000, "hoodie-ink"),
        Item("PL-2010", "Kaus Bintang Plum", "Atasan", 119_000, "tee-plum"),
        Item("PL-2011", "Topi Bintang Kunyit", "Aksesori", 99_000, "cap-sun"),
        Item("PL-2012", "Kalung Manik Plum", "Aksesori", 189_000, "necklace-plum", in_stock=False),
    ),
)  # fmt: skip

PANGGUNG = Store(
    "panggung-resmi", "Panggung Resmi", "Senandika 24", "pr_id", 7, 7,
    (("all", None, 1000), ("category", "Lightstick", 600)),
    (
        Item("S24-LS3", "Lightstick Senandika 24 Versi 3", "Lightstick", 450_000, "lightstick-plum"),
        Item("S24-LSR", "Lightstick Edisi Merah", "Lightstick", 475_000, "lightstick-cherry"),
        Item("S24-TT1", "Kaus Tur Nusantara", "Pakaian", 199_000, "tee-cherry"),
        Item("S24-HD1", "Hoodie Latihan", "Pakaian", 389_000, "hoodie-plum"),
        Item("S24-PC7", "Set Photocard Seri 7", "Koleksi", 85_000, "photocards-rose"),
        Item("S24-PC8", "Set Photocard Seri 8", "Koleksi", 85_000, "photocards-sky"),
        Item("S24-AL4", "Album Keempat: Pulang", "Musik", 175_000, "album-rose"),
        Item("S24-TW1", "Handuk Konser", "Koleksi", 120_000, "towel-cherry"),
        Item("S24-KC2", "Gantungan Kunci Bintang", "Koleksi", 55_000, "keychain-sun"),
        Item("S24-CP1", "Topi Penonton", "Pakaian", 145_000, "cap-cherry"),
    ),
)  # fmt: skip

LEMARI = Club(
    "lemari-kita", "Lemari Kita",
    "Teman yang jujur saat Anda bingung mau pakai apa.", "#8f3f5c", "soft", "✿",
    {"members": "Teman Lemari", "picks": "Pilihan minggu ini"},
    ("ada@lemari-kita.example", "Ada Prameswari"),
    (("ada", "Ada Prameswari", "ada@lemari-kita.example"), ("ben", "Benita Hadi", "ben@lemari-kita.example"),
     ("maya", "Maya Tanjung", "maya@lemari-kita.example")),
    ("rumah-anggun", "pasar-laras"), (1000, 5500, 3500, 0),
    (
        Shelf("kondangan-tanpa-drama", "Kondangan tanpa drama",
              "Rapi dari akad sampai foto keluarga, tetap nyaman duduk lama.", (
            ("rumah-anggun", "RA-101", "ada", "Sage itu aman untuk semua undangan, dan potongannya tidak mencekik."),
            ("rumah-anggun", "RA-109", "ben", "Muat ponsel, bedak, dan tisu. Sudah saya bawa ke tiga pernikahan."),
            ("rumah-anggun", "RA-111", "maya", "Haknya rendah, jadi masih bisa lari mengejar tumpeng."),
            ("rumah-anggun", "RA-115", "ada", "Ringan. Sampai lupa melepasnya waktu tidur."),
            ("rumah-anggun", "RA-103", "maya", "Warna senja ini hidup sekali di kamera sore hari."),
            ("rumah-anggun", "RA-113", "ben", "Lempar ke bahu, selesai. Ruang ber-AC bukan masalah lagi."),
        )),
        Shelf("kantor-hari-senin", "Kantor hari Senin", "Untuk pagi yang terlalu cepat datang.", (
            ("rumah-anggun", "RA-107", "ben", "Batik yang tidak terasa seperti seragam."),
            ("pasar-laras", "PL-2003", "ada", "Hitam, kulit, dan tidak bunyi di lantai lobi."),
            ("pasar-laras", "PL-2006", "maya", "Jarum besar: terbaca sambil berdiri di KRL."),
            ("pasar-laras", "PL-2005", "ada", "Laptop 14 inci masuk, bekal juga."),
            ("rumah-anggun", "RA-104", "maya", "Linen yang kusutnya terlihat disengaja."),
        )),
        Shelf("akhir-pekan", "Akhir pekan di luar", "Pasar pagi, kedai kopi, dan jalan kaki yang tidak direncanakan.", (
            ("pasar-laras", "PL-2001", "maya", "Sudah 40 km, solnya masih rata."),
            ("rumah-anggun", "RA-106", "ada", "Kantongnya dalam. Akhirnya ada gaun yang mengerti."),
            ("pasar-laras", "PL-2004", "ben", "Dijahit dari sisa kain, jadi tidak ada dua yang sama."),
            ("pasar-laras", "PL-2008", "ben", "Beli satu nomor lebih besar, terima kasih nanti."),
            ("pasar-laras", "PL-2011", "maya", "Rambut belum keramas? Ini jawabannya."),
        )),
    ),
)  # fmt: skip

SAHABAT = Club(
    "sahabat-senandika", "Sahabat Senandika",
    "Rumah para penonton setia Senandika 24.", "#c7323e", "round", "★",
    {"members": "Sahabat", "picks": "Merchandise resmi malam ini"},
    ("rio@sahabat-senandika.example", "Rio Wicaksana"),
    (("rio", "Rio Wicaksana", "rio@sahabat-senandika.example"),
     ("nadia", "Nadia Putri", "nadia@sahabat-senandika.example")),
    ("panggung-resmi", "pasar-laras"), (1500, 7000, 1500, 0),
    (
        Shelf("siap-konser", "Siap konser", "Yang wajib ada di tas sebelum lampu padam.", (
            ("panggung-resmi", "S24-LS3", "rio", "Versi 3 akhirnya tahan dua konser tanpa ganti baterai."),
            ("panggung-resmi", "S24-TT1", "nadia", "Sablonnya tidak pecah setelah dicuci enam kali."),
            ("panggung-resmi", "S24-TW1", "rio", "Untuk lagu kedua dari belakang. Anda tahu yang mana."),
            ("panggung-resmi", "S24-CP1", "nadia", "Topi ini yang bikin kami gampang saling menemukan di antrean."),
        )),
        Shelf("untuk-koleksi", "Untuk koleksi", "Disimpan rapi, dikeluarkan kalau tamu datang.", (
            ("panggung-resmi", "S24-PC8", "nadia", "Seri 8 lengkap dengan versi latihan. Tukar di grup, ya."),
            ("panggung-resmi", "S24-AL4", "rio", "Dengarkan urutannya dari awal sampai habis, sekali saja."),
            ("panggung-resmi", "S24-KC2", "nadia", "Hadiah kecil yang paling sering kami beli ulang."),
            ("panggung-resmi", "S24-PC7", "rio", "Tinggal sedikit, seri lama."),
            ("panggung-resmi", "S24-HD1", "nadia", "Bahan dalamnya lembut sekali, dipakai pulang subuh."),
        )),
        Shelf("pulang-konser", "Pulang konser", "Untuk subuh di stasiun, waktu suara sudah habis.", (
            ("pasar-laras", "PL-2008", "rio", "Tudungnya cukup dalam untuk tidur di kursi tunggu."),
            ("pasar-laras", "PL-2001", "nadia", "Berdiri delapan jam, kaki masih mau diajak jalan."),
        )),
    ),
)  # fmt: skip

STORES = (ANGGUN, LARAS, PANGGUNG)
CLUBS = (LEMARI, SAHABAT)
STAFF = (
    Person("sari@rumah-anggun.example", "Sari Wulandari", "merchant_staff", "rumah-anggun"),
    Person("joko@pasar-laras.example", "Joko Santoso", "merchant_staff", "pasar-laras"),
    Person("tika@panggung-resmi.example", "Tika Amalia", "merchant_staff", "panggung-resmi"),
    Person("fina@etalase.example", "Fina Kusuma", "finance_maker"),
    Person("agus@etalase.example", "Agus Setiawan", "finance_approver"),
    Person("admin@etalase.example", "Admin Etalase", "admin"),
)
