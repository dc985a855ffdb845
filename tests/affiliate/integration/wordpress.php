<?php
// As much of WordPress and WooCommerce as the plugin touches, by their documented names; fire() runs a hook.
const DAY_IN_SECONDS = 86400;
$hooks = [];
$posts = [];

function add_action($name, $what, $priority = 10, $arguments = 1) {
    global $hooks;
    $hooks[$name][] = [$what, $arguments];
}

function fire($name, ...$given) {
    global $hooks;
    foreach ($hooks[$name] ?? [] as [$what, $number]) {
        $what(...array_slice($given, 0, $number));
    }
}

function is_ssl() { return true; }
function wp_json_encode($data) { return json_encode($data); }
function wc_get_order($id) { global $orders; return $orders[$id]; }

function wp_remote_post($url, $args) {
    global $posts;
    $posts[] = ['url' => $url, 'body' => $args['body'], 'headers' => $args['headers']];
}

class Product {
    function get_sku() { return 'S-1'; }
}

class Item {
    function __construct(private $quantity, private $subtotal, private $total, private $tax, private $of = '') {}
    function get_id() { return 64; }
    function get_name() { return 'Gaun'; }
    function get_product() { return new Product(); }
    function get_quantity() { return $this->quantity; }
    function get_subtotal() { return $this->subtotal; }
    function get_subtotal_tax() { return 0; }
    function get_total() { return $this->total; }
    function get_total_tax() { return $this->tax; }
    function get_meta($key) { return $key === '_refunded_item_id' ? $this->of : ''; }
}

class Order {
    public $meta = [];
    public $saved = 0;
    function __construct(private $id, private $items, private $amount = 0) {}
    function get_id() { return $this->id; }
    function get_items() { return $this->items; }
    function get_amount() { return $this->amount; }
    function get_currency() { return 'IDR'; }
    function get_coupon_codes() { return ['hemat']; }
    function get_date_created() { return new DateTime('2026-10-20T10:05:00+07:00'); }
    function get_meta($key) { return $this->meta[$key] ?? ''; }
    function update_meta_data($key, $value) { $this->meta[$key] = $value; }
    function save() { $this->saved++; }
}
