def test_rows_of_every_factory(make, session):
    community = make.community()
    merchant = make.merchant()
    programme = make.programme(merchant)
    make.enrollment(programme, community)
    pick = make.pick(community, make.product(merchant), curator=make.curator(community))
    assert pick.id


def test_unknown_page_is_404(client):
    assert client.get("/nowhere").status_code == 404
    answer = client.get("/api/v1/nowhere")
    assert answer.status_code == 404
    assert answer.json["code"] == "not_found"
